//! Persistence: what is configured, who may sign in, and the record of every call.
//!
//! [`Store`] is the database: open it once ([`Store::open`]), clone it freely. It knows rows and
//! JSON, not what a trunk or a rate card means; `mgmt-api` does. [`Loader`] follows the journal
//! that the call threads write and brings each record into the database exactly once.
//!
//! No call waits for anything in here. The database is an SQLite file, where one connection writes
//! and readers never wait for it, or PostgreSQL, which several nodes share. [`database`] says how a
//! repository is written for both.

mod api_keys;
mod audit;
mod backup;
mod cdr_batches;
mod cdr_exports;
mod cdrs;
mod change_sets;
mod configuration;
mod database;
mod deck_imports;
mod events;
mod exchange_sources;
mod idempotency;
mod jobs;
mod ledger;
mod loader;
mod nettings;
mod notifications;
mod outbox;
mod people;
mod reratings;
mod resources;
mod scheduled_reports;
mod secrets;
mod settings;
mod tenants;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod traffic;

pub use ledger::LedgerPosition;

pub use api_keys::{
    API_KEYS_MAX, ApiKeyRefusal, ApiKeyRotation, ApiKeyRow, ApiKeyTenant, ApiKeyUse, NewApiKey,
};
pub use audit::{
    AUDIT_VALUE_BYTES_MAX, AuditActor, AuditBreak, AuditCredential, AuditEntry, AuditFault,
    AuditFileError, AuditFollower, AuditHash, AuditHead, AuditImpersonator, AuditLine, AuditPage,
    AuditQuery, AuditSeal, AuditVerification, NewAuditEntry, NotAHash,
};
pub use backup::{
    BackupError, BackupManifest, BackupTable, RestoreTarget, Restored, restore_backup,
    verify_backup, write_backup,
};
pub use cdr_batches::{CDR_BATCH_RECORDS, CdrBatch, CdrSink};
pub use cdr_exports::{
    CDR_EXPORT_JOB, CDR_EXPORT_LIMITS, CdrExportLimits, CdrExportPart, CdrExportRow,
    CdrExportState, NewCdrExport,
};
pub use cdrs::{
    Between, CDR_PARTITIONS_MAX, CDRS_SEARCHED, CdrArchiveBegun, CdrArchiveEnded, CdrArchiveFile,
    CdrCursor, CdrDayRow, CdrDayState, CdrDayWait, CdrDays, CdrGateway, CdrOrder, CdrParty,
    CdrQuery, CdrRow, CdrRows, CdrSearchFill, CdrToArchive, CdrTotals, DroppedCdrDay,
    DroppedCdrDays, DroppedRecords, NumberMatch, RECENT_CALLS_SEARCHED, RecordedCalls, Within,
};
pub use change_sets::{
    ChangeSetEdit, ChangeSetPush, ChangeSetQuery, ChangeSetRow, ChangeSetState, DraftBase,
    DraftQuery, DraftRow, NewChangeSet, NewDraft, PUSH_JOB,
};
pub use configuration::{
    ConfigurationChange, ConfigurationWrite, NewVersion, ResourceWrite, Written,
};
pub use database::{DatabaseLocation, LocationError, Store, StoreError};
pub use deck_imports::{
    DECK_HELD_UP, DECK_IMPORTS_APPLIED_MAX, DECK_IMPORTS_OPEN_MAX, DeckImportApplied,
    DeckImportQuery, DeckImportRead, DeckImportRow, DeckImportState, FollowedDeckImport,
    NewDeckImport, READ_DECK_JOB,
};
pub use events::{
    EVENT_DATA_BYTES_MAX, EventQuery, EventRow, JOB_DIED, MAIL_FAILED, NOTIFICATION_FAILED,
    NewEvent, PUSH_FAILED,
};
pub use exchange_sources::{EXCHANGE_SOURCE_BYTES_MAX, ExchangeSourceRow};
pub use idempotency::{Claim, IDEMPOTENT_REQUESTS_MAX, KeptAnswer};
pub use jobs::{
    JOB_PAYLOAD_BYTES_MAX, JobAttemptRow, JobCount, JobLease, JobProgress, JobQuery, JobReport,
    JobRow, JobState, JobWish, NewJob, ScheduleRow,
};
pub use ledger::{
    CurrencyBalance, DatedSum, FOREIGN_BALANCES_MAX, ForeignBalance, LEDGER_DETAILS_BYTES_MAX,
    LedgerAccount, LedgerAccountKind, LedgerBalance, LedgerCalls, LedgerCursor, LedgerDifference,
    LedgerEntry, LedgerEntryKind, LedgerError, LedgerMovement, LedgerPage, LedgerParty,
    LedgerQuery, LedgerStatement, LedgerVerification, NewLedgerEntry, PostedLedgerEntry,
    STATEMENT_ENTRIES_MAX,
};
pub use loader::{
    JournalDifference, JournalVerification, Loader, LoaderConfig, LoaderError, LoaderHandle,
    LoaderProgress, Recovery,
};
pub use nettings::{
    NETTINGS_TOLD_AT_ONCE, NettingBeginning, NettingCounted, NettingError, NettingFault,
    NettingLine, NettingPayment, NettingQuery, NettingRow, NettingState, NettingSums, NewNetting,
    SettledParty,
};
pub use notifications::{
    DELIVER_JOB, DeliveryQuery, DeliveryResult, DeliveryRow, DeliveryState, NewDelivery,
};
pub use outbox::{MAIL_JOB, MailRow, NewAttachment, NewMail};
pub use people::{
    DeviceSeen, EndedApiKey, InvitationRow, NewInvitation, NewPasskey, NewRegistration, NewSession,
    NewSignIn, NewToken, NewUser, PasskeyRow, PeopleWrite, RegistrationRow, SessionRow,
    SignInPolicyRow, SignInQuery, SignInRow, TenantQuery, TenantRow, TokenCount, TokenRow, TotpRow,
    UserId, UserQuery, UserRow, UserStatus,
};
pub use reratings::{
    Booked, RERATING_APPLY_JOB, RERATING_LINES_AT_ONCE, RERATING_PREVIEW_JOB, RERATINGS_OPEN_MAX,
    ReratedCalls, ReratingLine, ReratingPosted, ReratingRefusal, ReratingRow, ReratingRun,
    ReratingState,
};
pub use resources::{
    AssignedResource, AssignedTo, AssignmentLevel, ConfigurationMoment, ListedPage, ListedResource,
    ReferenceTo, Referrer, ResourceCursor, ResourceIndex, ResourcePage, ResourceQuery, ResourceRow,
    SortBy, VersionPage, VersionRow,
};
pub use secrets::SealedSecret;
pub use tenants::{Scope, TenantId};
pub use traffic::{
    TRAFFIC_DAY_US, TRAFFIC_LINES_MAX, TRAFFIC_QUARTER_US, TrafficBy, TrafficDifference,
    TrafficFill, TrafficGroup, TrafficLine, TrafficQuery, TrafficReportError, TrafficSide,
    TrafficSums, TrafficVerification,
};
