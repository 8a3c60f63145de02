"""The use cases an A2P campaign can have, by Twilio's codes; the descriptions are ours."""

from __future__ import annotations

SOLE_PROPRIETOR = "SOLE_PROPRIETOR"  # of brands of that type alone; not in the list

# code -> (name, description, whether carriers approve it after the registration)
USECASES: dict[str, tuple[str, str, bool]] = {
    "2FA": ("Two-Factor authentication (2FA)", "Codes and passwords for one use", False),
    "ACCOUNT_NOTIFICATION": ("Account Notification", "Reminders and alerts to customers", False),
    "AGENTS_FRANCHISES": ("Agents and Franchises", "A number for each agent or place", True),
    "CHARITY": ("Charity", "Registered charities, not religious organizations", False),
    "PROXY": ("Proxy", "People who write to each other through shared numbers", True),
    "CUSTOMER_CARE": ("Customer Care", "Support and care for customers", False),
    "DELIVERY_NOTIFICATION": ("Delivery Notification", "How a delivery is getting on", False),
    "EMERGENCY": ("Emergency", "Public safety and health in emergencies", True),
    "FRAUD_ALERT": ("Fraud Alert Messaging", "Alerts about suspicious activity", False),
    "HIGHER_EDUCATION": ("Higher Education", "Colleges, universities, districts", False),
    "K12_EDUCATION": ("K-12 Education", "Schools up to grade twelve", True),
    "LOW_VOLUME": ("Low Volume Mixed", "Few messages of any kind, tests and demos", False),
    "MARKETING": ("Marketing", "Anything that promotes", False),
    "MIXED": ("Mixed", "Several use cases of one service", False),
    "POLITICAL": ("Political", "Campaigns that want to influence a decision", False),
    "POLLING_VOTING": ("Polling and voting", "Polls and votes", False),
    "PUBLIC_SERVICE_ANNOUNCEMENT": (
        "Public Service Announcement",
        "What the public should know about",
        False,
    ),
    "SECURITY_ALERT": ("Security Alert", "A system is at risk and something has to be done", False),
    "SOCIAL": ("Social", "Inside of closed communities", True),
    "SWEEPSTAKE": ("Sweepstake", "Sweepstakes", True),
}
