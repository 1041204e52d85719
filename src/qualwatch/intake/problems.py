"""Problems of cells, files and the input as a whole, each with its sentences."""


class BadCell(Exception):
    """A cell that cannot be read: the problem and the remedy, each one sentence."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


class NothingReadable(Exception):
    """The input as a whole cannot be used; the message is one clear sentence (exit status 2)."""


class BadFile(Exception):
    """One file cannot be read: the problem and the remedy."""

    def __init__(self, problem: str, remedy: str, row: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.row = row
