"""What people do with documents beside reading them: approve, look again, compare, delete."""

from collections.abc import Callable
from functools import cached_property

from foundation.blobs import BlobStore
from foundation.clock import Clock
from foundation.database import Database
from governance.answers import AnswerRecord
from governance.approval import Approvals
from governance.approval_reviews import Reviews
from governance.catalog import Catalog
from governance.deletion import Deletions, DerivedIndex
from governance.listing import Listing
from governance.policy import Policy
from governance.visible_catalog import VisibleCatalog


class DocumentDesk:
    """The parts of governance that documents pass through, made when they are asked for.

    `blobs` and `index` are opened by the first deletion and by nothing else here.
    """

    def __init__(  # noqa: PLR0913 - what documents are kept in, each place once
        self,
        *,
        database: Database,
        clock: Clock,
        policy: Callable[[], Policy],
        words: Callable[[str], str],
        catalog: Catalog,
        visible: VisibleCatalog,
        answers: AnswerRecord,
        blobs: Callable[[], BlobStore],
        index: Callable[[], DerivedIndex],
    ) -> None:
        self.clock = clock
        self.answers = answers
        self._database = database
        self._policy = policy
        self._words = words
        self._catalog = catalog
        self._visible = visible
        self._blobs = blobs
        self._index = index

    @cached_property
    def approvals(self) -> Approvals:
        """Moves versions between their states."""
        return Approvals(
            database=self._database, clock=self.clock, policy=self._policy, words=self._words
        )

    @cached_property
    def reviews(self) -> Reviews:
        """Finds what has to be looked at again, and what is over."""
        return Reviews(database=self._database, policy=self._policy)

    @cached_property
    def listing(self) -> Listing:
        """Documents as one principal may know of them."""
        return Listing(
            catalog=self._catalog, visible=self._visible, reviews=self.reviews, clock=self.clock
        )

    @cached_property
    def deletions(self) -> Deletions:
        """Deletes documents and shows that they are gone."""
        return Deletions(
            database=self._database,
            clock=self.clock,
            blobs=self._blobs,
            index=self._index,
            answers=self.answers,
            policy=self._policy,
        )
