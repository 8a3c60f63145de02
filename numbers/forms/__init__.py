"""What people type about numbers. Shape only; the rules are the services'."""
