-- Roll-ups are kept, but for those of persons, which go after two years like all that names anybody.
-- Rows go one by one then, so parts are not only dropped whole. What is there is not rewritten now:
-- merges see to it.

ALTER TABLE {db}.rollups MODIFY TTL toDateTime(emitted_at) + INTERVAL 2 YEAR DELETE WHERE annotator != '' OR reviewer != '' SETTINGS materialize_ttl_after_modify = 0;
ALTER TABLE {db}.rollups MODIFY SETTING ttl_only_drop_parts = 0;
