"""What users have allowed applications that are not our own, so that they are asked once."""
