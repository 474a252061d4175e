-- The later rates of a deck go into change sets of their own, one after the other.
-- Who had them follow by themselves; null: somebody applies them.
ALTER TABLE deck_import ADD COLUMN followed_by TEXT;
-- Why the next of them do not follow; null: nothing holds them up.
ALTER TABLE deck_import ADD COLUMN held_up TEXT;
