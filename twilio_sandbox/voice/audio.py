"""Recordings as files: what was heard, made into sound.

Speech becomes syllables of a tone, lower for the program than for the person, whose melody depends
on the words; keys become the tones of a phone (DTMF); a file that is played becomes a chord.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from functools import lru_cache
from operator import add
from struct import pack
from sys import byteorder
from typing import Any, TypeAlias
from zlib import crc32

from twilio_sandbox.voice import stretches
from twilio_sandbox.voice.rows import Call, Recording

RATE = 8000  # samples a second, each of 16 bits
LOUDNESS = 8000  # of one side: two of them stay within 16 bits
SYLLABLE = RATE // 5
PITCHES = {"person": 190.0, "program": 120.0}  # Hz, of the lowest syllable
STEPS = 8  # pitches of a voice, two semitones apart
CHORD = (523.25, 659.25, 783.99)
_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
DTMF = {  # key -> its two frequencies in Hz
    key: (low, high)
    for low, keys in zip(_ROWS, ("123A", "456B", "789C", "*0#D"), strict=True)
    for high, key in zip(_COLUMNS, keys, strict=True)
}

Samples: TypeAlias = "array[int]"  # signed, of 16 bits


def wave(call: Call | None, recording: Recording, channels: int) -> bytes:
    """A WAV file: one channel with everybody, or the person's and the program's."""
    tracks = [("person", "program")] if channels == 1 else [("person",), ("program",)]
    sounds = [_track(call, recording, sides) for sides in tracks]
    samples = sounds[0]
    if channels == 2:
        samples = array("h", bytes(4 * len(sounds[0])))
        samples[0::2], samples[1::2] = sounds
    if byteorder == "big":
        samples.byteswap()
    data = samples.tobytes()
    block = 2 * channels
    form = pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, RATE, RATE * block, block, 16)
    head = pack("<4sI4s", b"RIFF", 4 + len(form) + 8 + len(data), b"WAVE")
    return head + form + pack("<4sI", b"data", len(data)) + data


def _track(call: Call | None, recording: Recording, sides: tuple[str, ...]) -> Samples:
    """The sound of some sides, silent where nothing is heard; parts at the same time are added."""
    places = list(_places(recording))
    track = array("h", bytes(2 * sum(length for _, _, length in places)))
    for line in stretches.heard(call, recording) if call is not None else []:
        if line["side"] not in sides:
            continue
        for start, stop in stretches.parts(recording, line):
            for begins, first, length in places:
                low = first + round((start - begins) * RATE)
                high = min(low + round((stop - start) * RATE), first + length)
                if first <= low < high:
                    _add(track, low, _sound(line, round((start - line["at"]) * RATE), high - low))
    return track


def _places(recording: Recording) -> Iterator[tuple[float, int, int]]:
    """Each stretch: when it begins, and its first sample and how many."""
    first = 0
    for begins, ends in recording.stretches:
        length = round((ends - begins) * RATE)
        yield begins, first, length
        first += length


def _add(track: Samples, low: int, sound: Samples) -> None:
    high = low + len(sound)
    before = track[low:high]
    is_silent = not before.tobytes().strip(b"\0")
    track[low:high] = sound if is_silent else array("h", map(add, before, sound))


def _sound(line: dict[str, Any], skip: int, length: int) -> Samples:
    """`length` samples of a line after its first `skip` ones."""
    total = round(line["seconds"] * RATE)
    if line["kind"] == "digits":
        whole = _keys(line["text"], total)
    else:
        whole = _syllables(line["side"], line["kind"], line["text"], skip + length)
    return whole[skip : skip + length]


def _keys(keys: str, total: int) -> Samples:
    """One key after the other: half of its time a tone, then a rest."""
    whole = array("h", bytes(2 * total))
    each = total // max(len(keys), 1)
    for place, key in enumerate(keys):
        if key in DTMF:
            tone = _tone(DTMF[key], each // 2)
            whole[place * each : place * each + len(tone)] = tone
    return whole


def _syllables(side: str, kind: str, text: str, length: int) -> Samples:
    """A syllable for each word, again and again until the line is full."""
    words = text.split() if kind != "play" else []
    once = array("h")
    for word in words or [text]:
        step = crc32(word.lower().encode()) % STEPS
        pitch = PITCHES.get(side, PITCHES["program"]) * 2 ** (step / 6)
        once += _syllable((pitch, 2 * pitch, 3 * pitch) if words else CHORD)
    return (once * (length // len(once) + 1))[:length]


@lru_cache(64)
def _syllable(frequencies: tuple[float, ...]) -> Samples:
    """A tone that swells and dies away, and a short rest."""
    sounding = SYLLABLE * 3 // 4
    tone = _tone(frequencies, sounding)
    swell = (math.sin(math.pi * place / sounding) for place in range(sounding))
    shaped = array("h", (int(each * loud) for each, loud in zip(tone, swell, strict=True)))
    return shaped + array("h", bytes(2 * (SYLLABLE - sounding)))


@lru_cache(64)
def _tone(frequencies: tuple[float, ...], length: int) -> Samples:
    """Frequencies in Hz at once, each as loud as the others."""
    share = LOUDNESS / len(frequencies)
    turns = [2 * math.pi * frequency / RATE for frequency in frequencies]
    return array(
        "h", (int(share * sum(math.sin(turn * at) for turn in turns)) for at in range(length))
    )


# MP3: MPEG 2, layer III, 8 kbit/s, 16 kHz. A frame without data is silence.

MP3_RATE, FRAME_SAMPLES, FRAME_BYTES = 16_000, 576, 36
_MONO, _STEREO = bytes.fromhex("fff318c4"), bytes.fromhex("fff31804")


def silent_mp3(recording: Recording, channels: int) -> bytes:
    """An MP3 file of the recording's length, to a frame of 36 ms, in which nothing is heard.

    Encoding sound needs more than the standard library; the WAV file has it.
    """
    frames = -(-round(stretches.seconds(recording) * MP3_RATE) // FRAME_SAMPLES)
    head = _MONO if channels == 1 else _STEREO
    return (head + bytes(FRAME_BYTES - len(head))) * frames
