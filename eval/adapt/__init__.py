"""`eval adapt`: a ranker trained on the owner's own documents, measured before it is used."""
