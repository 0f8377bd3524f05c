BEGIN TRANSACTION;
CREATE TABLE artifacts (
    job_id INTEGER NOT NULL REFERENCES jobs (job_id),
    position INTEGER NOT NULL,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    size_bytes INTEGER,
    md5 TEXT,
    state TEXT NOT NULL,
    stored_bytes INTEGER,
    sha256 TEXT,
    etag TEXT,
    verified_offset INTEGER NOT NULL,
    bad_sha256 TEXT,
    note TEXT,
    PRIMARY KEY (job_id, position),
    UNIQUE (job_id, name)
) WITHOUT ROWID;
INSERT INTO "artifacts" VALUES(1,0,'model','model.zip','https://files.invalid/model.zip?sign=x',10,'00000000000000000000000000000000','stored',10,'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','"v1"',10,NULL,NULL);
INSERT INTO "artifacts" VALUES(1,1,'thumbnail','thumb.png','https://files.invalid/thumb.png?sign=x',10,'00000000000000000000000000000000','stored',10,'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','"v1"',10,NULL,NULL);
CREATE TABLE binding (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    endpoint TEXT NOT NULL,
    account TEXT NOT NULL
);
INSERT INTO "binding" VALUES(1,'https://one.invalid','app-1');
CREATE TABLE facts (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "facts" VALUES('canary','passed');
CREATE TABLE history (
    entry_id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    job_id INTEGER NOT NULL REFERENCES jobs (job_id),
    attempt INTEGER NOT NULL,
    event TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    message TEXT
);
INSERT INTO "history" VALUES(1,'2026-03-01T12:00:01.000000+00:00',1,1,'IntentWritten','planned','submitting','by run-1');
INSERT INTO "history" VALUES(2,'2026-03-01T12:00:02.000000+00:00',1,1,'Accepted','submitting','in_flight','task 9007199254740993');
INSERT INTO "history" VALUES(3,'2026-03-01T12:00:03.000000+00:00',1,1,'Polled','in_flight','in_flight','RUNNING');
INSERT INTO "history" VALUES(4,'2026-03-01T12:01:05.000000+00:00',1,1,'Finished','in_flight','ready',NULL);
INSERT INTO "history" VALUES(5,'2026-03-01T12:01:06.000000+00:00',1,1,'FetchStarted','ready','fetching','by run-1');
INSERT INTO "history" VALUES(6,'2026-03-01T12:01:07.000000+00:00',1,1,'ArtifactChanged','fetching','fetching','model.zip: stored');
INSERT INTO "history" VALUES(7,'2026-03-01T12:01:07.000000+00:00',1,1,'ArtifactChanged','fetching','fetching','thumb.png: stored');
INSERT INTO "history" VALUES(8,'2026-03-01T12:01:08.000000+00:00',1,1,'AllStored','fetching','stored',NULL);
INSERT INTO "history" VALUES(9,'2026-03-01T12:00:01.000000+00:00',2,1,'IntentWritten','planned','submitting','by run-1');
INSERT INTO "history" VALUES(10,'2026-03-01T12:00:02.000000+00:00',2,1,'OutcomeUnknown','submitting','in_doubt','lost: the connection broke');
CREATE TABLE intents (
    intent_id INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL REFERENCES jobs (job_id),
    attempt INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    owner TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    written_at TEXT NOT NULL,
    closed_at TEXT,
    verdict TEXT,
    UNIQUE (job_id, attempt, seq)
);
INSERT INTO "intents" VALUES(1,1,1,1,'run-1','print-anchor-01','2026-03-01T12:00:01.000000+00:00','2026-03-01T12:00:02.000000+00:00','accepted');
INSERT INTO "intents" VALUES(2,2,1,1,'run-1','print-anchor-02','2026-03-01T12:00:01.000000+00:00','2026-03-01T12:00:02.000000+00:00','unknown');
CREATE TABLE jobs (
    job_id INTEGER PRIMARY KEY,
    batch TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    folder TEXT NOT NULL,
    folder_key TEXT NOT NULL UNIQUE,
    task_name TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    owner TEXT,
    needs TEXT NOT NULL,
    created_at TEXT NOT NULL,
    not_before TEXT,
    submitted_at TEXT,
    accepted_at TEXT,
    task_id INTEGER,
    remote_status TEXT,
    progress INTEGER,
    last_running_at TEXT,
    finished_at TEXT,
    expires_at TEXT,
    stored_at TEXT,
    error TEXT,
    hold TEXT,
    receipt_state TEXT,
    settled_by TEXT,
    candidates TEXT NOT NULL,
    revision INTEGER NOT NULL UNIQUE,
    UNIQUE (batch, name)
);
INSERT INTO "jobs" VALUES(1,'default','anchor-01','training','anchor-01','anchor-01','anchor-01','print-anchor-01','stored',1,NULL,'[]','2026-03-01T12:00:00.000000+00:00',NULL,'2026-03-01T12:00:01.000000+00:00','2026-03-01T12:00:02.000000+00:00',9007199254740993,'SUCCESS',100,'2026-03-01T12:00:03.000000+00:00','2026-03-01T12:01:00.000000+00:00','2026-03-08T12:01:00.000000+00:00','2026-03-01T12:01:08.000000+00:00',NULL,NULL,'stored',NULL,'[]',12);
INSERT INTO "jobs" VALUES(2,'default','anchor-02','training','anchor-02','anchor-02','anchor-02','print-anchor-02','in_doubt',1,NULL,'[]','2026-03-01T12:00:00.000000+00:00',NULL,'2026-03-01T12:00:01.000000+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'["lost","the connection broke",null]',NULL,NULL,NULL,'[]',14);
INSERT INTO "jobs" VALUES(3,'default','update-01','training','update-01','update-01','update-01','print-update-01','planned',1,NULL,'["anchor-01"]','2026-03-01T12:00:00.000000+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'[]',3);
CREATE TABLE requests (
    job_id INTEGER PRIMARY KEY REFERENCES jobs (job_id),
    body TEXT NOT NULL
);
INSERT INTO "requests" VALUES(1,'{"videoUrl":"https://files.invalid/base.mp4"}');
INSERT INTO "requests" VALUES(2,'{"videoUrl":"https://files.invalid/base.mp4"}');
INSERT INTO "requests" VALUES(3,'{"videoUrl":"https://files.invalid/base.mp4"}');
CREATE TABLE tasks (
    account TEXT NOT NULL,
    task_id INTEGER NOT NULL,
    job_id INTEGER NOT NULL REFERENCES jobs (job_id),
    attempt INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (account, task_id)
) WITHOUT ROWID;
INSERT INTO "tasks" VALUES('["https://one.invalid", "app-1"]',9007199254740993,1,1,'print-anchor-01');
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX jobs_open ON jobs (job_id)
    WHERE state IN ('planned', 'submitting', 'in_doubt', 'in_flight', 'ready', 'fetching');
CREATE INDEX jobs_receipt_due ON jobs (job_id)
    WHERE (task_id IS NOT NULL OR state = 'in_doubt' OR receipt_state IS NOT NULL)
    AND receipt_state IS NOT state;
CREATE INDEX jobs_finished ON jobs (kind, finished_at)
    WHERE finished_at IS NOT NULL;
CREATE INDEX tasks_by_fingerprint ON tasks (fingerprint);
CREATE INDEX intents_by_fingerprint ON intents (fingerprint);
CREATE INDEX history_by_job ON history (job_id);
COMMIT;
PRAGMA application_id = 1635148147;
PRAGMA user_version = 1;
