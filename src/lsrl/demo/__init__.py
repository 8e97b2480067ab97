"""The main job: two dictionaries and an elevation map, answered by compiled networks from their prompts."""
