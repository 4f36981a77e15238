"""Make's variables as options: `make train SEED=3` is `bakeoff train --seed 3`, and messages name what was typed.

The Makefile hands every variable over in the environment, so that no shell and no make ever reads a value.
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bakeoff.pipelines.command_line.arguments import UsageError, commands_of

FLAG = "--from-make"  # first word of the command line that the Makefile gives
RENAMED = {"select": "RUNS"}
SWITCH = {"1": True, "yes": True, "true": True, "on": True, "0": False, "no": False, "false": False, "off": False}


def variables_of(command: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """The arguments of one command by their variables; an option comes before a word that says the same."""
    found: dict[str, argparse.Action] = {}
    for action in sorted(command._actions, key=lambda action: not action.option_strings):
        name = RENAMED.get(action.dest, action.metavar if isinstance(action.metavar, str) else action.dest)
        found.setdefault(name.upper(), action)
    return found


def arguments_from_make(
    words: Sequence[str], parser: argparse.ArgumentParser, environment: Mapping[str, str]
) -> list[str]:
    """The command line that a target with its variables stands for. words: the command, and what follows it.

    Raises UsageError for a value that means nothing, also of a variable that this command does not use.
    """
    commands = commands_of(parser)
    mine = variables_of(commands[words[0]])
    every = {name: action for command in commands.values() for name, action in variables_of(command).items()} | mine
    options, places = [], []
    for name in environment.get("VARIABLES", "").split():  # those that the Makefile lists
        action, value = every.get(name), environment.get(name)
        if action is None or value is None or (value == "" and not action.default):
            continue
        if "\n" in value:
            raise UsageError(f"{name} must be one line, got {value!r}")
        typed = list(_typed(name, action, value))
        if name not in mine:
            _check(name, action, value)
        elif action.option_strings:
            options += typed
        else:
            places += typed
    return [*words, *options, *(["--", *places] if places else [])]


def _typed(name: str, action: argparse.Action, value: str) -> Iterator[str]:
    """A value as it is typed. Several words are several values, unless all of it is one path."""
    option = action.option_strings[0] if action.option_strings else ""
    if action.nargs == 0:
        if value.lower() not in SWITCH:
            raise UsageError(f"{name} must be 1 or 0, got {value!r}")
        yield from [option] if SWITCH[value.lower()] else []
    elif action.nargs in ("*", "+"):
        yield from [option] if option else []
        yield from [value] if Path(value).expanduser().exists() else value.split()
    else:
        yield f"{option}={value}" if option else value


def _check(name: str, action: argparse.Action, value: str) -> None:
    try:
        (action.type if callable(action.type) else str)(value)
    except (argparse.ArgumentTypeError, ValueError, TypeError) as error:
        raise UsageError(f"{name}: {error}") from error
    if action.choices is not None and value not in action.choices:
        raise UsageError(f"{name} must be one of {', '.join(action.choices)}, got {value!r}")


def name_what_was_typed(message: str, parser: argparse.ArgumentParser, *, from_make: bool) -> str:
    """A message with its options as make, or the command line, spells them, and commands as they can be typed."""
    actions = {a.dest: a for command in commands_of(parser).values() for a in command._actions if a.option_strings}
    spelled: dict[str, str] = {}
    for dest, action in actions.items():
        option = action.option_strings[-1]
        name = RENAMED.get(dest, dest.upper()) if from_make else option
        spelled |= {option: name} | ({dest: name} if "_" in dest else {})
    names = "|".join(sorted(map(re.escape, spelled), key=len, reverse=True))
    words = re.compile(rf"`bakeoff [^`]*`|(?<![\w-])({names})(?![\w-])")
    message = words.sub(lambda match: spelled[match[1]] if match[1] else match[0], message)
    if from_make:
        message = message.replace("`bakeoff ", "`.venv/bin/bakeoff ")
    first, space, rest = message.partition(" ")  # an argument that is an ordinary word begins its message
    return f"{spelled.get(f'--{first}', first)}{space}{rest}"
