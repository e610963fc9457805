"""Ground floor: settings, database, blobs, clock, ids, errors, telemetry."""
