"""How static files are named when they are collected."""

from whitenoise.storage import (  # type: ignore[import-untyped]
    CompressedManifestStaticFilesStorage,
)


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Names of files say what is in them, also where one of our modules imports another.

    Only our own scripts are searched for imports: words in a library's comments are not ours.
    """

    support_js_module_import_aggregation = True
    modules = ("js/*.js", "portal/*.js")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        imports = self._patterns.pop("*.js")
        self._patterns |= dict.fromkeys(self.modules, imports)
