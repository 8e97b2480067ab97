"""Finite automata: what they are, regular expressions, and as values of a program."""

from lsrl.automata.automaton import Automaton, word_problem
from lsrl.automata.library import accepts, automaton, mealy, moore, regex
from lsrl.automata.patterns import pattern_automaton

__all__ = ["Automaton", "accepts", "automaton", "mealy", "moore", "pattern_automaton", "regex", "word_problem"]
