"""jenk's session engines, for SESSION_ENGINE."""
