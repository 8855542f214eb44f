"""People, their posts in organisations, outsiders' engagements, and sessions."""

from piccolo.columns import Array, BigInt, Boolean, Bytea, Date, Integer, LazyTableReference, Text, Varchar

from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    Unique,
    business,
    fk,
    platform,
    state_column,
)


@business(down=True)
class Org(Table, tablename="accounts_org"):
    """A bureau, finance office, township, village committee or outside firm; hangs on a division."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    name = Varchar(length=100, null=False)
    kind = Varchar(length=20, null=False)
    is_demo = Boolean(null=False, default=False)
    accounts_org_kind = Check("kind IN ('bureau','finance','township','village','outside')")
    accounts_org_name_once = Unique(["division_code", "name"])


@business()
class User(Table, tablename="accounts_user"):
    """A person who signs in. The division is that of the person's first post."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    login = Varchar(length=40, null=False, unique=True)
    name = Varchar(length=60, null=False)
    phone_mask = Varchar(length=20, null=False, default="")
    password_hash = Text(null=False)
    must_change = Boolean(null=False, default=True)
    active = Boolean(null=False, default=True)
    version = Integer(null=False, default=1)
    is_demo = Boolean(null=False, default=False)


@business()
class Post(Table, tablename="accounts_post"):
    """One role of one person in one organisation."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    user = fk(LazyTableReference("User", module_path="quzhou_migrants.accounts.tables"))
    org = fk(LazyTableReference("Org", module_path="quzhou_migrants.accounts.tables"))
    role = Varchar(length=24, null=False)
    active = Boolean(null=False, default=True)
    accounts_post_once = Unique(["user", "org", "role"])


@business(outsider="id = current_setting('app.engagement')::bigint")
class Engagement(Table, tablename="accounts_engagement"):
    """What an outsider may see, from one day to another: one object, one purpose."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    post = fk(LazyTableReference("Post", module_path="quzhou_migrants.accounts.tables"))
    subject_table = Varchar(length=63, null=False)
    subject_id = BigInt(null=False)
    purpose = Varchar(length=200, null=False)
    starts_on = Date(null=False)
    ends_on = Date(null=False)
    revoked_at = Stamp(null=True, default=None)
    accounts_engagement_days = Check("ends_on >= starts_on")
    accounts_engagement_one_term = Unique(["post", "subject_table", "subject_id", "starts_on"])


@platform()
class Session(Table, tablename="accounts_session"):
    """A signed-in browser: only the hash of its token is kept."""

    token_hash = Bytea(primary_key=True)
    user = fk(User)
    post_id = BigInt(null=True, default=None)
    engagement_id = BigInt(null=True, default=None)
    created_at = Stamp()
    idle_until = Stamp()
    expires_at = Stamp()
    agent = Varchar(length=200, null=False, default="")


@platform()
class Attempt(Table, tablename="accounts_attempt"):
    """Failed sign-ins in a window, by login and by address."""

    key = Varchar(length=120, primary_key=True)
    tries = Integer(null=False, default=0)
    since = Stamp()


@platform("SELECT, INSERT, DELETE")
class ParkedPost(Table, tablename="accounts_parked_post"):
    """A form sent after the session had ended, sealed until its owner signs in again."""

    token_hash = Bytea(primary_key=True)
    path = Text(null=False)
    body = Bytea(null=False)
    at = Stamp()


@business()
class ApiKey(Table, tablename="accounts_api_key"):
    """What a program of another office signs in with: only the hash is kept, the key is shown once."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    name = Varchar(length=80, null=False)
    holder = Varchar(length=120, null=False)
    scopes = Array(base_column=Text(), null=False)
    key_hash = Bytea(null=False, unique=True)
    hint = Varchar(length=16, null=False)
    expires_on = Date(null=False)
    per_minute = Integer(null=False)
    state = state_column("active")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_name = Varchar(length=60, null=False, default="")
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)
    accounts_api_key_rate = Check("per_minute > 0")


@platform()
class ApiUse(Table, tablename="accounts_api_use"):
    """How often a key was used in the running minute, and in all."""

    key_id = BigInt(primary_key=True)
    minute = Stamp()
    used = Integer(null=False, default=0)
    total = BigInt(null=False, default=0)
    last_at = Stamp()
