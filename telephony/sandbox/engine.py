"""What keeps a world going: the lock that guards it, its timers, and its webhooks on their way."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from telephony.sandbox.errors import ControlError
from telephony.sandbox.faults import Faults
from telephony.sandbox.webhooks import courier
from telephony.sandbox.world import World

SETTLE_SECONDS = 40.0  # real time: twice what a webhook that hangs may take
AT_A_TIME = 64  # webhooks on their way
HELD_SECONDS = 1.0  # real time: how long a webhook waits for another one to overtake it
MOVING_SECONDS = 2.0  # real time: how long a move of the clock waits for another one
_IDLE_SECONDS = 60.0


class Room:
    """The world in use and the lock that guards it; a reset or a load exchanges the world."""

    def __init__(self, world: World) -> None:
        self.lock = threading.RLock()
        self.work = threading.Event()  # set when a timer or a webhook came
        self.returned = threading.Condition(self.lock)  # told when a webhook has its answer
        self.on_the_way = 0  # webhooks of this world being sent
        self.held: list[str] = []  # SIDs of webhooks that are to come after the next one
        self.faults = Faults(world.seed)
        self.moving = threading.Lock()  # one at a time moves the clock
        self.world = world
        world.wake = self.work.set

    def exchange(self, world: World) -> None:
        """Go on with another world; answers to webhooks of the old one will be dropped."""
        with self.lock:
            world.wake = self.work.set
            world.address = self.world.address
            self.world = world
            self.on_the_way = 0
            self.held = []
            self.faults = Faults(world.seed)
            self.work.set()


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
            wait = _IDLE_SECONDS if due is None else due - room.world.now()
            return min(wait, HELD_SECONDS) if room.held else wait

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

        A fault can hold a webhook back until another one was sent, or have it sent twice. With
        nothing else on its way a webhook is held no longer.
        """
        room = self.room
        waiting, world.outgoing = world.outgoing, []
        if not waiting and room.held and not room.on_the_way and not world.is_due():
            waiting, room.held = room.held, []
            return [waiting]
        chains: list[list[str]] = []
        for sid in waiting:
            hook = world.webhooks.get(sid)
            if hook is None:
                continue
            fault = room.faults.pick_for_webhook(hook)
            if fault is not None and fault.kind == "webhook_late":
                room.held.append(sid)
                continue
            again = [sid] if fault is not None else []
            held, room.held = room.held, []
            chains.append([sid, *again, *held])
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
                busy = self.room.on_the_way or self.room.world.outgoing or self.room.held
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
