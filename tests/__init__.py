"""The tests of Tillmail, in the rooms of the house."""
