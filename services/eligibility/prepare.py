"""What eligibility needs before it serves: the shipped packs in its database."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import rulebook
from chassis.db import Database, Transaction
from chassis.signing import SignerPort, canonical_bytes, digest, own_signer
from chassis.signing_sm2 import Sm2Signer
from rulebook.dictionary import Dictionary, parse_dictionary
from rulebook.divisions import parse_divisions
from rulebook.industries import parse_industries
from rulebook.loader import load_pack
from rulebook.size_table import SizeTable, load_size_table
from rulebook.source import Problem, SourceInvalid
from services.eligibility.domain.catalog import Catalog
from services.eligibility.domain.codes import Codes
from services.eligibility.domain.consistency import Check, impossible, load_checks
from services.eligibility.domain.notice import Wordings, load_wordings
from services.eligibility.domain.record import Sources
from services.eligibility.settings import Settings
from services.eligibility.store.packs import Packs
from services.eligibility.use_cases.seed_packs import seed_packs

SIZES = "size-2011-2017.yaml"
"""The table of size classes lies among the packs and is none: it grants no title."""


def read_dictionary(settings: Settings) -> Dictionary:
    """The facts dictionary that ships with this version."""
    return parse_dictionary(_dictionary_texts(settings))


def _dictionary_texts(settings: Settings) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in settings.facts_folder.glob("*.yaml")}


def read_sizes(settings: Settings, dictionary: Dictionary) -> SizeTable:
    """The size classes (划型) that ship with this version."""
    return load_size_table((settings.policies_folder / SIZES).read_text("utf-8"), dictionary, SIZES)


def read_catalog(settings: Settings) -> Catalog:
    """A catalog of packs that reads with this version's dictionary, engine and size classes."""
    return Catalog(read_dictionary(settings), digest(canonical_bytes(asdict(read_sources(settings)))))


def read_checks(settings: Settings, dictionary: Dictionary) -> tuple[Check, ...]:
    """The rules of the consistency check (一致性核对): what the dictionary makes impossible, and what is doubtful."""
    path = settings.consistency_file
    return (*impossible(dictionary), *load_checks(path.read_text("utf-8"), dictionary, path.name))


def read_codes(settings: Settings, dictionary: Dictionary) -> Codes:
    """The codes that a caller may name."""
    current, former, industries = (
        (settings.codes_folder / name).read_text("utf-8")
        for name in ("gbt2260.csv", "gbt2260_retired.csv", "gbt4754_2017.csv")
    )
    return Codes(parse_divisions(current, former), parse_industries(industries), dictionary)


def read_wordings(settings: Settings) -> Wordings:
    """The wording of notices (告知书) that ships with this version."""
    return load_wordings(settings.notice_file.read_text("utf-8"), settings.notice_file.name)


def read_sources(settings: Settings) -> Sources:
    """The texts that an assessment record carries along, so that it can be replayed without this installation."""
    size_text = (settings.policies_folder / SIZES).read_text("utf-8")
    return Sources(_dictionary_texts(settings), SIZES, size_text, engine_digest())


def engine_digest() -> str:
    """sha256 of the rules engine's own source, file by file in order of their names."""
    sources = sorted(Path(rulebook.__file__).parent.glob("*.py"))
    return digest(canonical_bytes({path.name: digest(path.read_bytes()) for path in sources}))


def record_signers(settings: Settings) -> list[SignerPort]:
    """Who signs assessment records: the service's own key, made on first use by the embedded local run; beside it an
    SM2 key, where one is given."""
    local = settings.identity_key_file.with_name("record-key.pem") if settings.environment == "local" else None
    given, variable = settings.record_key_file, "PEIYU_RECORD_KEY_FILE"
    own: SignerPort = own_signer(given, local=local, variable=variable, purpose="测算留痕单")
    return [own] if settings.record_sm2_key_file is None else [own, Sm2Signer.from_file(settings.record_sm2_key_file)]


def prepare(settings: Settings, db: Database) -> None:
    """Seed the packs with their cases; a fast no-op when all are known.

    Raises SourceInvalid with every problem when this version cannot read a pack that serves: nothing is answered then.
    """
    folder = settings.policies_folder
    files = {path.name: path.read_text("utf-8") for path in folder.glob("*.yaml") if path.name != SIZES}
    cases = {path.name: path.read_text("utf-8") for path in (folder / "cases").glob("*.yaml")}
    dictionary = read_dictionary(settings)
    with db.transaction() as tx:
        seed_packs(tx, dictionary, files, cases)
        require_readable(tx, dictionary)


def require_readable(tx: Transaction, dictionary: Dictionary) -> None:
    """Every version that answers for some date is read by this version's loader, which may be stricter than it was."""
    packs, problems = Packs(tx), list[Problem]()
    tx.flush()
    for stored in packs.list_stored({each.sha256 for each in packs.list_serving()}):
        try:
            load_pack(stored.body, dictionary, f"{stored.file}（{stored.sha256[:12]}）")
        except SourceInvalid as invalid:
            problems += invalid.problems
    if problems:
        raise SourceInvalid(problems)
