"""What keeps a world going: the lock that guards it, its timers, and its webhooks on their way."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from twilio_sandbox.errors import ControlError
from twilio_sandbox.faults import Faults
from twilio_sandbox.timers import action
from twilio_sandbox.webhooks import courier
from twilio_sandbox.webhooks.rows import Webhook
from twilio_sandbox.world import World

SETTLE_SECONDS = 40.0  # real time: twice what a webhook that hangs may take
AT_A_TIME = 64  # webhooks on their way
LATE_SECONDS = 5.0  # of the clock: how long a late webhook waits for the next one to overtake it
MOVING_SECONDS = 2.0  # real time: how long a move of the clock waits for another one
_IDLE_SECONDS = 60.0


def _row(hook: Webhook) -> str:
    """What it is one in a row of: the texts that come into an account, or what is told in one way
    about one call, message or port."""
    is_alone = hook.kind == "sms.inbound"
    return f"{hook.kind}:{hook.account_sid if is_alone else hook.subject_sid}"


@action("webhooks.late")
def send_late(world: World, row: str, sid: str) -> None:
    """It has waited long enough, unless it was overtaken and is on its way."""
    if world.held.get(row) == sid:
        del world.held[row]
        world.outgoing.append(sid)
        world.wake()


class Room:
    """The world in use and the lock that guards it; a reset or a load exchanges the world."""

    def __init__(self, world: World, clock_file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.work = threading.Event()  # set when a timer or a webhook came
        self.returned = threading.Condition(self.lock)  # told when a webhook has its answer
        self.on_the_way = 0  # webhooks of this world being sent
        self.faults = Faults(world.seed)
        self.moving = threading.Lock()  # one at a time moves the clock
        self.clock_file = clock_file
        self._take_up(world)

    def exchange(self, world: World) -> None:
        """Go on with another world; answers to webhooks of the old one will be dropped."""
        with self.lock:
            world.address = self.world.address
            self._take_up(world)
            self.on_the_way = 0
            self.faults = Faults(world.seed)
            self.work.set()

    def _take_up(self, world: World) -> None:
        world.wake = self.work.set
        self.world = world
        if self.clock_file is not None:
            world.clock.tell_in(self.clock_file)


class Engine(threading.Thread):
    """Runs what the clock passes, and sends what the world has to say."""

    def __init__(self, room: Room, allowed: courier.Allowed) -> None:
        super().__init__(name="engine", daemon=True)
        self.room = room
        self.allowed = allowed
        self._ending = False
        self._places = threading.Semaphore(AT_A_TIME)

    def run(self) -> None:
        while not self._ending:
            self.room.work.clear()
            try:
                wait = self._step()
            except Exception:  # one action that fails does not stop the others
                traceback.print_exc()
                continue
            self.room.work.wait(min(max(wait, 0.0), _IDLE_SECONDS))

    def _step(self) -> float:
        """Do what is to be done now; returns the seconds until something is due."""
        room = self.room
        with room.lock:
            room.world.run_due()
        self.dispatch()
        with room.lock:
            due = room.world.next_due()
            return _IDLE_SECONDS if due is None else due - room.world.now()

    def stop(self) -> None:
        self._ending = True
        self.room.work.set()

    def dispatch(self) -> None:
        """Send what waits to be sent, each in a thread of its own."""
        with self.room.lock:
            world = self.room.world
            chains = self._chains(world)
            self.room.on_the_way += len(chains)
        for chain in chains:
            self._places.acquire()
            threading.Thread(
                target=self._deliver, args=(world, chain), name="courier", daemon=True
            ).start()

    def _chains(self, world: World) -> list[list[str]]:
        """What is to be sent now, in lists of what has to be sent one after the other.

        A fault can have a webhook sent twice, or hold it back until the next one in its row was
        sent; where none follows, a timer ends that.
        """
        held = world.held
        waiting, world.outgoing = world.outgoing, []
        chains: list[list[str]] = []
        for sid in waiting:
            hook = world.webhooks.get(sid)
            if hook is None:
                continue
            row = _row(hook)
            may_wait = row not in held and not hook.is_late
            fault = self.room.faults.pick_for_webhook(hook, may_wait=may_wait)
            if fault is not None and fault.kind == "webhook_late":
                hook.is_late = True
                world.webhooks.changed(hook)
                held[row] = sid
                world.after(fault.seconds or LATE_SECONDS, "webhooks.late", row=row, sid=sid)
                continue
            overtaken = held.pop(row, sid)
            chain = [sid] if fault is None else [sid, sid]
            chains.append(chain if overtaken == sid else [*chain, overtaken])
        return chains

    def _deliver(self, world: World, chain: list[str]) -> None:
        room = self.room
        try:
            for sid in chain:
                with room.lock:
                    hook = world.webhooks.get(sid)
                    order = courier.order(world, hook) if hook is not None else None
                outcome = self._carry(order) if order is not None else None
                with room.lock:
                    if outcome is not None and room.world is world:
                        courier.settle(world, sid, outcome)
        finally:
            self._places.release()
            with room.lock:
                if room.world is world:
                    room.on_the_way -= 1
                room.returned.notify_all()
                room.work.set()

    def _carry(self, order: courier.Order) -> courier.Outcome:
        """Deliver; whatever happens, something came of it."""
        try:
            return courier.carry(order, self.allowed)
        except Exception:
            traceback.print_exc()
            return courier.Outcome([], courier.NO_CONNECTION)

    def settle(self, seconds: float = SETTLE_SECONDS) -> bool:
        """Wait until nothing is due and no webhook is on its way; False when that takes too long.

        Never called with the lock held.
        """
        until = time.monotonic() + seconds
        while True:
            with self.room.lock:
                self.room.world.run_due()
            self.dispatch()
            with self.room.lock:
                busy = self.room.on_the_way or self.room.world.outgoing
                left = until - time.monotonic()
                if not busy or left <= 0:
                    return not busy
                self.room.returned.wait(left)

    def pass_time(self, target: Callable[[datetime], datetime]) -> bool:
        """Move the clock to what `target` makes of now; False when a webhook held it up.

        Raises `ControlError` (409) when it is being moved already: a program that is told something
        on the way cannot move it on, because its own answer is waited for.

        Stops at every time at which something is due, and waits there for the webhooks and what
        follows from their answers, so that everything happens in the order of the sandbox's time.
        """
        room = self.room
        settled = True
        if not room.moving.acquire(timeout=MOVING_SECONDS):
            raise ControlError(409, "the clock is being moved")
        try:
            with room.lock:
                world = room.world
                end = target(world.clock.now())
            self.dispatch()  # what is to be sent is sent, or begins to be late, at the time it has
            while True:
                with room.lock:
                    due = world.next_due()
                    if room.world is not world or due is None or due > end.timestamp():
                        break
                    if due > world.now():
                        world.set_clock(datetime.fromtimestamp(due, UTC))
                settled = self.settle() and settled
            with room.lock:
                if room.world is world and end.timestamp() != world.now():
                    world.set_clock(end)
        finally:
            room.moving.release()
        return settled
