"""User models of the kinds that projects have, as an app that tests install for a while."""
