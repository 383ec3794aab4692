"""The site database: the only place that speaks SQL."""
