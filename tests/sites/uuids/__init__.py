"""An app whose users have UUIDs for primary keys, and a manager that hides some of them."""
