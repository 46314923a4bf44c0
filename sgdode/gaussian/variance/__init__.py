"""The variance term Ψ(Var): one file a method, and the table that picks one."""
