"""Read by every Python that starts with this folder on PYTHONPATH: code is kept by the contents of each function and of
those that it calls, not of all sources. So a change in one room does not compile all others anew."""

import sys
from importlib.machinery import PathFinder

CACHE = "sgdode.jit.cache"


class Finder:
    """Finds the module of the cache alone, and fixes its fingerprint of the sources."""

    @staticmethod
    def find_spec(name: str, path: object, target: object = None) -> object:
        if name != CACHE:
            return None
        spec = PathFinder.find_spec(name, path)
        run = spec.loader.exec_module

        def execute(module: object) -> None:
            run(module)
            module.fingerprint = lambda package=None: "mutants"

        spec.loader.exec_module = execute
        return spec


sys.meta_path.insert(0, Finder)
