"""Under which name a judge's reply is kept, so that asking the same again costs nothing."""

import hashlib


def reply_key(model: str, schema: str, prompt: str, run: int, nth: int) -> str:
    """The name of a reply: all that it depends on.

    `run` tells repeated runs apart and `nth` the times that one prompt is asked within a run;
    without them, asking again would not be asking again.
    """
    told = "\x1f".join((model, schema, prompt, str(run), str(nth)))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
