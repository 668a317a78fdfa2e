"""The catalogue's tables. Plain SQL in migrations that never change once released; add a new one instead."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

APPLICATION_ID = 0x52544C31  # "RTL1"
migrations = Migrations("reticle")

_EPISODES = """
CREATE TABLE tasks (
    name TEXT PRIMARY KEY,
    created_utc_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE operators (
    name TEXT PRIMARY KEY,
    created_utc_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE cameras (
    id INTEGER PRIMARY KEY,
    role TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    serial TEXT NOT NULL DEFAULT '',
    UNIQUE (role, model, serial)
) STRICT;

-- A row per change, never altered: an episode points at the calibration that it was recorded with.
CREATE TABLE calibrations (
    id TEXT PRIMARY KEY,
    camera INTEGER NOT NULL REFERENCES cameras (id),
    info TEXT NOT NULL CHECK (json_valid(info)),
    created_utc_ns INTEGER NOT NULL
) STRICT;
CREATE TRIGGER calibrations_are_immutable BEFORE UPDATE ON calibrations
BEGIN SELECT RAISE(ABORT, 'a calibration never changes'); END;

-- "number" is a declared key because VACUUM may renumber hidden ones, and the search index points at it.
CREATE TABLE episodes (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    task TEXT NOT NULL REFERENCES tasks (name),
    operator TEXT NOT NULL REFERENCES operators (name),
    demonstrator TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('recording', 'complete', 'recovered', 'trashed')),
    trashed_from TEXT CHECK (trashed_from IN ('recording', 'complete', 'recovered')),
    integrity TEXT NOT NULL DEFAULT 'ok',
    success INTEGER CHECK (success IN (0, 1)),
    trim_start_s REAL CHECK (trim_start_s >= 0),
    trim_end_s REAL CHECK (trim_end_s > coalesce(trim_start_s, 0)),
    notes TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]' CHECK (json_type(tags) = 'array'),
    created_utc_ns INTEGER NOT NULL,
    duration_s REAL NOT NULL DEFAULT 0,
    frames INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    sha256 TEXT NOT NULL DEFAULT '',
    disturbed INTEGER NOT NULL DEFAULT 0 CHECK (disturbed IN (0, 1)),
    stop_reason TEXT,
    rig TEXT NOT NULL,
    simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
    seed INTEGER,
    distribution TEXT
) STRICT;

-- What a table of episodes never shows, apart so that the rows that it does show are read quickly.
CREATE TABLE descriptions (
    episode INTEGER PRIMARY KEY REFERENCES episodes (number) ON DELETE CASCADE,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    cameras TEXT NOT NULL CHECK (json_type(cameras) = 'array'),
    start_poses TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(start_poses))
) STRICT;

CREATE INDEX episodes_by_created ON episodes (created_utc_ns) WHERE status <> 'trashed';
CREATE INDEX episodes_by_task ON episodes (task, created_utc_ns) WHERE status <> 'trashed';
CREATE INDEX episodes_by_task_and_success ON episodes (task, success, created_utc_ns) WHERE status <> 'trashed';
CREATE INDEX episodes_by_operator ON episodes (operator, created_utc_ns) WHERE status <> 'trashed';
CREATE INDEX episodes_by_demonstrator ON episodes (demonstrator, created_utc_ns) WHERE status <> 'trashed';
CREATE INDEX episodes_by_success ON episodes (success, created_utc_ns) WHERE status <> 'trashed';
CREATE INDEX episodes_by_duration ON episodes (duration_s, created_utc_ns) WHERE status <> 'trashed';
CREATE INDEX episodes_by_frames ON episodes (frames, created_utc_ns) WHERE status <> 'trashed';
CREATE INDEX episodes_by_dropped ON episodes (dropped, created_utc_ns) WHERE status <> 'trashed';
CREATE INDEX episodes_by_group ON episodes
    (task, operator, success, duration_s, trim_start_s, trim_end_s, dropped, bytes) WHERE status <> 'trashed';
CREATE INDEX episodes_by_status ON episodes (status, created_utc_ns);
CREATE INDEX episodes_by_integrity ON episodes (integrity) WHERE integrity <> 'ok';

CREATE TABLE streams (
    episode INTEGER NOT NULL REFERENCES episodes (number) ON DELETE CASCADE,
    topic TEXT NOT NULL,
    codec TEXT NOT NULL,
    frames INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    gaps INTEGER NOT NULL,
    longest_gap_ms REAL NOT NULL,
    rate_hz REAL NOT NULL,
    skew_ms REAL NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (episode, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE episode_calibrations (
    episode INTEGER NOT NULL REFERENCES episodes (number) ON DELETE CASCADE,
    calibration TEXT NOT NULL REFERENCES calibrations (id),
    PRIMARY KEY (episode, calibration)
) STRICT, WITHOUT ROWID;

-- An index of episodes.tags, kept by triggers.
CREATE TABLE episode_tags (
    tag TEXT NOT NULL,
    episode INTEGER NOT NULL REFERENCES episodes (number) ON DELETE CASCADE,
    PRIMARY KEY (tag, episode)
) STRICT, WITHOUT ROWID;
CREATE INDEX episode_tags_by_episode ON episode_tags (episode);

CREATE VIRTUAL TABLE episodes_search USING fts5 (
    task, notes, tags, operator,
    content = 'episodes', content_rowid = 'number', tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);
"""

SEARCH_TRIGGERS = {
    "episodes_inserted": """
        CREATE TRIGGER episodes_inserted AFTER INSERT ON episodes BEGIN
            INSERT INTO episodes_search (rowid, task, notes, tags, operator)
                VALUES (new.number, new.task, new.notes, new.tags, new.operator);
            INSERT OR IGNORE INTO episode_tags (tag, episode)
                SELECT value, new.number FROM json_each(new.tags);
        END""",
    "episodes_deleted": """
        CREATE TRIGGER episodes_deleted AFTER DELETE ON episodes BEGIN
            INSERT INTO episodes_search (episodes_search, rowid, task, notes, tags, operator)
                VALUES ('delete', old.number, old.task, old.notes, old.tags, old.operator);
        END""",
    "episodes_updated": """
        CREATE TRIGGER episodes_updated AFTER UPDATE OF task, notes, tags, operator ON episodes BEGIN
            INSERT INTO episodes_search (episodes_search, rowid, task, notes, tags, operator)
                VALUES ('delete', old.number, old.task, old.notes, old.tags, old.operator);
            INSERT INTO episodes_search (rowid, task, notes, tags, operator)
                VALUES (new.number, new.task, new.notes, new.tags, new.operator);
            DELETE FROM episode_tags WHERE episode = old.number;
            INSERT OR IGNORE INTO episode_tags (tag, episode)
                SELECT value, new.number FROM json_each(new.tags);
        END""",
}
"""The triggers that keep search and tags in step, verified at every start."""

_JOURNAL = """
-- Every label, trim, trash and restore: what each episode's columns were before and after.
CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    action TEXT NOT NULL,
    made_utc_ns INTEGER NOT NULL,
    changes TEXT NOT NULL CHECK (json_type(changes) = 'array'),
    undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1))
) STRICT;
"""

_LEARNING = """
CREATE TABLE datasets (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    filter TEXT NOT NULL CHECK (json_valid(filter)),
    sha256 TEXT NOT NULL,
    created_utc_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE dataset_episodes (
    dataset TEXT NOT NULL REFERENCES datasets (id),
    position INTEGER NOT NULL,
    episode INTEGER NOT NULL REFERENCES episodes (number),
    sha256 TEXT NOT NULL,
    trim_start_s REAL,
    trim_end_s REAL,
    PRIMARY KEY (dataset, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX dataset_episodes_by_episode ON dataset_episodes (episode);

CREATE TRIGGER datasets_are_frozen BEFORE UPDATE ON datasets
BEGIN SELECT RAISE(ABORT, 'a data set is frozen'); END;
CREATE TRIGGER dataset_episodes_are_frozen BEFORE UPDATE ON dataset_episodes
BEGIN SELECT RAISE(ABORT, 'a data set is frozen'); END;

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('correspondence', 'policy')),
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'paused', 'done', 'failed', 'cancelled')),
    dataset TEXT REFERENCES datasets (id),
    config TEXT NOT NULL CHECK (json_valid(config)),
    seed INTEGER,
    metrics TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metrics)),
    message TEXT NOT NULL DEFAULT '',
    created_utc_ns INTEGER NOT NULL,
    finished_utc_ns INTEGER
) STRICT;

CREATE TABLE models (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('descriptor', 'policy')),
    run TEXT REFERENCES runs (id),
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    config TEXT NOT NULL CHECK (json_valid(config)),
    metrics TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metrics)),
    created_utc_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE attempts (
    id TEXT PRIMARY KEY,
    policy TEXT REFERENCES models (id),
    task TEXT NOT NULL REFERENCES tasks (name),
    episode INTEGER REFERENCES episodes (number),
    outcome TEXT NOT NULL CHECK (outcome IN ('success', 'failure', 'error', 'aborted')),
    disturbance TEXT NOT NULL,
    interventions INTEGER NOT NULL DEFAULT 0,
    stop_reason TEXT,
    seed INTEGER,
    distribution TEXT,
    start_state TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(start_state)),
    final_error TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(final_error)),
    duration_s REAL NOT NULL DEFAULT 0,
    created_utc_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_by_policy ON attempts (policy, task, disturbance);

CREATE TABLE annotations (
    id TEXT PRIMARY KEY,
    episode INTEGER NOT NULL REFERENCES episodes (number),
    camera TEXT NOT NULL,
    frame INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('points', 'mask')),
    content TEXT NOT NULL CHECK (json_valid(content)),
    created_utc_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX annotations_by_episode ON annotations (episode, camera, frame);
"""

_RUNS_NAMED = """
ALTER TABLE runs ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN notes TEXT NOT NULL DEFAULT '';
UPDATE runs SET name = coalesce((SELECT models.name FROM models WHERE models.run = runs.id), '');
"""

_ATTEMPTS = """
DROP TABLE attempts;

-- What an episode is as an attempt of a policy. That is no key of models: an episode may outlive its policy's folder.
-- Whether it succeeded is the episode's own "success"; "judged" is what the simulator saw, whoever overrules it.
CREATE TABLE attempts (
    episode INTEGER PRIMARY KEY REFERENCES episodes (number),
    policy TEXT NOT NULL,
    judged INTEGER CHECK (judged IN (0, 1)),
    disturbance TEXT NOT NULL DEFAULT 'none' CHECK (disturbance IN ('none', 'scripted', 'manual')),
    interventions INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX attempts_by_policy ON attempts (policy);
"""

_FINAL_ERRORS = """
-- How far from its target an attempt in simulation ended; where it began stands in descriptions.start_poses.
ALTER TABLE attempts ADD COLUMN final_distance_m REAL;
ALTER TABLE attempts ADD COLUMN final_angle_rad REAL;
"""


def run_script(connection: sqlite3.Connection, script: str) -> None:
    """Execute statements one by one: ``executescript`` would commit the transaction that we are in."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


@migrations(name="0001_catalogue")
def _catalogue(db: Database) -> None:
    run_script(db.conn, _EPISODES)
    for trigger in SEARCH_TRIGGERS.values():
        db.conn.execute(trigger)
    run_script(db.conn, _JOURNAL)
    run_script(db.conn, _LEARNING)


@migrations(name="0002_names_and_notes_of_runs")
def _names_and_notes_of_runs(db: Database) -> None:
    run_script(db.conn, _RUNS_NAMED)


@migrations(name="0003_attempts_are_episodes")
def _attempts_are_episodes(db: Database) -> None:
    run_script(db.conn, _ATTEMPTS)


@migrations(name="0004_final_errors_of_attempts")
def _final_errors_of_attempts(db: Database) -> None:
    run_script(db.conn, _FINAL_ERRORS)


NEWEST_VERSION = 4
"""How many migrations there are; stands in ``user_version``."""


def repair_search(connection: sqlite3.Connection) -> list[str]:
    """Put back triggers that are missing or differ and rebuild what they keep; returns their names."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'episodes'"
    present = {name: " ".join(sql.split()) for name, sql in connection.execute(query)}
    wrong = [name for name, sql in SEARCH_TRIGGERS.items() if present.get(name) != " ".join(sql.split())]
    for name in wrong:
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        connection.execute(SEARCH_TRIGGERS[name])
    if wrong:
        connection.execute("INSERT INTO episodes_search (episodes_search) VALUES ('rebuild')")
        connection.execute("DELETE FROM episode_tags")
        connection.execute(
            "INSERT INTO episode_tags (tag, episode) "
            "SELECT DISTINCT tag.value, number FROM episodes, json_each(episodes.tags) AS tag"
        )
    return wrong
