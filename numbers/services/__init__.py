"""Everything that changes connections, numbers and their work at Twilio. One file a topic."""
