"""What surrounds every request and answer: ids, limits, CORS, problems, entity tags, paging, health."""
