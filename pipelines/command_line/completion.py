"""Completion of commands, options and names in the shell."""

import argparse
from collections.abc import Iterator

from bakeoff.datasets.registry import dataset_names
from bakeoff.pipelines.command_line.arguments import commands_of

SCRIPT = """[ -n "$ZSH_VERSION" ] && autoload -U +X bashcompinit && bashcompinit
_bakeoff() {{
  local words=""
  [ "$COMP_CWORD" -gt 1 ] && case "${{COMP_WORDS[1]}}" in
{cases}
  esac || words="{commands}"
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _bakeoff bakeoff"""


def print_completion(options: argparse.Namespace) -> int:
    """Print the script; what it does not know is left to the shell, which knows files."""
    commands = commands_of(options.parser)
    cases = [f'    {name}) words="{" ".join(words_of(command))}" ;;' for name, command in commands.items()]
    print(SCRIPT.format(commands=" ".join(commands), cases="\n".join(cases)))
    return 0


def words_of(command: argparse.ArgumentParser) -> Iterator[str]:
    """What may follow a command: its options, their choices, and names of experiments, studies and data sets."""
    from bakeoff.pipelines.experiments import GROUPS, all_experiments
    from bakeoff.pipelines.studies.request import all_studies

    names = {"EXPERIMENT": [*all_experiments(), *GROUPS], "STUDY": all_studies(), "DATASET": dataset_names()}
    for action in command._actions:
        yield from action.option_strings
        yield from map(str, action.choices or ())
        yield from names.get(str(action.metavar or action.dest.upper()), ())
