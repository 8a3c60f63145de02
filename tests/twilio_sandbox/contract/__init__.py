"""The sandbox against Twilio's own OpenAPI documents: what it answers, and what it refuses."""
