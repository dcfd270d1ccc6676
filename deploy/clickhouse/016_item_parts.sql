-- What each item counted for, so that every number can be opened: the view items_behind unfolds it.
-- Items that were stored before have '' until something happens to them again.

ALTER TABLE {db}.items
    ADD COLUMN IF NOT EXISTS parts String CODEC(ZSTD(1)) COMMENT 'What the item counted for, as JSON, about no person; empty: unknown. Ask items_behind' AFTER due_at,
    ADD COLUMN IF NOT EXISTS parts_from DateTime('UTC') MATERIALIZED arrayMin(p -> p.1, JSONExtract(parts, 'Array(Tuple(UInt32, UInt16))')) COMMENT 'Start of the first pane in which it counted; 1970: unknown' AFTER parts,
    ADD COLUMN IF NOT EXISTS parts_to DateTime('UTC') MATERIALIZED arrayMax(p -> p.1, JSONExtract(parts, 'Array(Tuple(UInt32, UInt16))')) COMMENT 'Start of the last pane in which it counted; 1970: unknown' AFTER parts_from;
