"""Questions and answers of the help page: requirement rows S0-1 to S0-29 in our words."""

from __future__ import annotations

from typing import NamedTuple

from accounts.states import ROLE_WORDS, Role


class Question(NamedTuple):
    anchor: str
    question: str
    answer: str


QUESTIONS = (
    Question(
        "import",
        "Which numbers can I import?",
        "All numbers of a Twilio subaccount, at once. Connect the subaccount under Settings, "
        "Connections, then press Import Numbers. A main account cannot be imported from: make a "
        "subaccount in the Twilio Console and move the numbers there. Importing only reads; "
        "nothing at Twilio is changed.",
    ),
    Question(
        "refresh",
        "I ported more numbers to Twilio. How do they get here?",
        "Press Refresh on the Numbers page. It reads the subaccount again, adds what is new, and "
        "shows what changed, came back or went missing. You may press it as often as you like.",
    ),
    Question(
        "licenses",
        "Do I have to buy licenses before I import?",
        "No. Import first and decide afterwards. Every number you hold takes one license, and you "
        "pay only for the licenses of numbers you keep.",
    ),
    Question(
        "grace",
        "What is the grace period?",
        "When an import leaves you with more numbers than licenses, you have 48 hours to decide: "
        "keep, swap, exclude or release numbers, or add licenses. It begins when that import is "
        "complete. A second import inside the 48 hours does not restart it. Being over costs "
        "nothing during that time, and numbers you remove in time are never charged. Until the 48 "
        "hours are over you can change your mind: what you released or excluded can come back.",
    ),
    Question(
        "service",
        "Do calls and texts stop during the grace period?",
        "No. Nothing is cut off and nothing is released by itself, neither during the grace period "
        "nor when it ends.",
    ),
    Question(
        "end",
        "What happens when the grace period ends and I am still over?",
        "Every page asks you to release or exclude the numbers that are too many, or to add "
        "licenses to match. Until then nothing new can be bought, and imported numbers beyond your "
        "licenses cannot be assigned or enabled.",
    ),
    Question(
        "swap",
        "How do I replace one number by another?",
        "Open the number that leaves and choose Swap out, or the one that should come in and "
        "choose Swap in. Name, agent, services, tags and notes move over, and whether it is "
        "answered; the number of licenses stays the same. You see everything that changes before "
        "you confirm. "
        "Unassigned numbers offer Swap in on their rows as well.",
    ),
    Question(
        "remove",
        "What is the difference between excluding and releasing?",
        "An excluded number stays yours at Twilio; it takes no license here and can be brought "
        "back any time. A released number is given back to Twilio and can be restored for 10 days.",
    ),
    Question(
        "unassigned",
        "Where are the numbers nobody uses yet?",
        "On the Unassigned tab of the Numbers page. Decide there for each: assign it to an agent, "
        "keep it, swap it in, exclude it or release it.",
    ),
    Question(
        "changed",
        "What if somebody changes a number's settings in the Twilio Console?",
        "The next refresh finds it and changes nothing at Twilio. The number's page shows each "
        "setting as it was and as it is, and the filter Changed at Twilio finds all such numbers. "
        "Put settings back writes the earlier ones at Twilio again; Leave settings as they are "
        "keeps those that are there now.",
    ),
    Question(
        "undo",
        "Can I take back what I did?",
        "The message after an act has an Undo where one exists, and so has the page of a finished "
        "job, under Jobs, for all of its numbers about which nobody has decided since. Before you "
        "confirm something that cannot be undone you are told so.",
    ),
    Question(
        "spares",
        "May I keep a number for now and decide later?",
        "Yes. Keep it as a spare until a day: choose “until…” beside Keep, or tick many and choose "
        "Keep as spare. When that day begins in your time zone, the number waits for a decision "
        "again and you get one notice for all of them. Until then it stays and takes its license.",
    ),
    Question(
        "disabled",
        "What does the tab Disabled show?",
        "Numbers that have an agent and are not enabled: nobody answers their calls and texts.",
    ),
    Question(
        "keys",
        "Can I work through my numbers with the keyboard?",
        "On the Numbers page / searches, j and k go down and up the list, Enter opens a number "
        "(beside the list where there is room), x ticks it, a goes to what can be done with the "
        "ticked ones, and Escape closes what is open and goes back to the list.",
    ),
    Question(
        "columns",
        "Can I see more, or less, of each number in the list?",
        "Press Columns on the Numbers page and tick what you want to see besides number and state. "
        "It is for you alone, in this account, on every device. Export CSV always writes every "
        "column.",
    ),
    Question(
        "csv",
        "How do I name, tag or assign many numbers at once, each differently?",
        "Press Export CSV on the Numbers page, change the columns name, agent, tags, protected and "
        "notes in a spreadsheet, save it as CSV, and press Edit by CSV. You see for every row what "
        "would change, or why it would be skipped, before anything is done. Columns that you take "
        "away and cells that you leave blank stay as they are.",
    ),
    Question(
        "count",
        "How do I change the number of licenses?",
        "Open Licenses. Type the new number and see what it costs each month, what is charged "
        "today, and what it does to a running grace period, before you confirm. You can lower the "
        "number down to what you hold.",
    ),
    Question(
        "roles",
        "Who may do what?",
        " ".join(f"{Role(role).label}: {may}." for role, may in ROLE_WORDS.items()),
    ),
)
