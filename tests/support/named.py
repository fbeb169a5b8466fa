"""What Snakemake gives a script for inputs, outputs and settings: a list with names in it."""


class Named(list):
    """Entries by number and, where they have one, by name; `get` as a mapping has it."""

    def __init__(self, *entries, **named):
        flat = [x for value in named.values() for x in (value if type(value) is list else [value])]
        super().__init__([*entries, *flat])
        self.named = named

    def __getattr__(self, name):
        try:
            return self.__dict__["named"][name]
        except KeyError:
            raise AttributeError(name) from None

    def get(self, name, default=None):
        return self.named.get(name, default)
