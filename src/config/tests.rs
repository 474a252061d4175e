#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::{Config, ConfigProblem};

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<ConfigProblem>> {
    let environment = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Config::from_text("test.toml", text, environment)
}

fn shown(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
    load(text, environment)
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn the_commented_file_is_valid_and_equals_the_defaults() {
    let defaults = load("", &[]).unwrap();
    let whole = load(super::DEFAULTS, &[]).unwrap();
    assert_eq!(format!("{defaults:?}"), format!("{whole:?}"));
}

#[test]
fn a_file_overrides_defaults_and_the_environment_overrides_the_file() {
    let config = load(
        "[node]\nname = \"lon1\"\nshards = 2\n",
        &[
            ("DIDTRON_NODE_SHARDS", "3"),
            ("DIDTRON_DATA_DIR", "/srv/didtron"),
        ],
    )
    .unwrap();
    assert_eq!(config.node.name, "lon1");
    assert_eq!(config.node.shards, 3);
    assert_eq!(config.data_dir.to_str(), Some("/srv/didtron"));
}

#[test]
fn a_list_is_comma_separated_in_the_environment() {
    let config = load(
        "",
        &[(
            "DIDTRON_SIP_LISTENERS",
            "udp/127.0.0.1:0, udp/0.0.0.0:5060 as 192.0.2.7:5060",
        )],
    )
    .unwrap();
    assert_eq!(
        config.sip.listeners[1].advertised,
        "192.0.2.7:5060".parse().unwrap()
    );
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_line() {
    let problems = shown("[sip]\n\nlistener = 3\n", &[]);
    assert!(problems[0].starts_with("test.toml, line 3: `sip.listener`: is not a setting"));
}

#[test]
fn the_database_is_a_file_in_the_data_directory_unless_an_address_is_given() {
    let located = |url: &str| {
        let environment = [
            ("DIDTRON_DATABASE_URL", url),
            ("DIDTRON_DATA_DIR", "/srv/d"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::from_text("test.toml", "", environment).unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
        config.database().unwrap().to_string()
    };
    assert_eq!(located(""), "/srv/d/didtron.db");
    assert_eq!(located("/var/x.db"), "/var/x.db");
    assert_eq!(
        located("postgres://switch:s3cret@db/didtron"),
        "postgres://db:5432/didtron"
    );
    let wrong = "mysql://switch:s3cret@db/didtron";
    let problems = shown("", &[("DIDTRON_DATABASE_URL", wrong)]);
    assert!(
        problems[0].starts_with("DIDTRON_DATABASE_URL: `database.url`: is no location"),
        "{problems:?}"
    );
    assert!(!problems[0].contains("s3cret"));
}

#[test]
fn an_unknown_variable_is_an_error() {
    assert_eq!(
        shown("", &[("DIDTRON_SHARDS", "2")]),
        ["DIDTRON_SHARDS: names no setting"]
    );
}

#[test]
fn a_wrong_type_names_the_key_and_the_type() {
    let problems = shown("[node]\nshards = \"two\"\n", &[]);
    assert_eq!(
        problems,
        ["test.toml, line 2: `node.shards`: must be an integer"]
    );
}

#[test]
fn all_values_out_of_bounds_are_shown_at_once() {
    let problems = shown("[sip]\nt1_ms = 1\n[cdr]\nload_interval_ms = 1\n", &[]);
    assert_eq!(
        problems,
        [
            "test.toml, line 2: `sip.t1_ms`: is 1; it must be 100 to 2000",
            "test.toml, line 4: `cdr.load_interval_ms`: is 1; it must be 20 to 60000",
        ]
    );
}

#[test]
fn a_wildcard_listener_needs_the_name_that_peers_see() {
    let problems = shown("[sip]\nlisteners = [\"udp/0.0.0.0:5060\"]\n", &[]);
    assert!(
        problems[0].contains("say which one peers see"),
        "{problems:?}"
    );
}

#[test]
fn the_ng_protocol_is_off_by_default_and_wants_to_know_who_may_ask() {
    assert_eq!(load("", &[]).unwrap().media.ng.listen, "");
    let text = "[media.ng]\nlisten = \"localhost\"\nallowed = [\"10.0.0.1/8\"]\ncalls_max = 0\n\
                max_duration_s = 59\nsilent_timeout_s = 0\n";
    assert_eq!(
        shown(text, &[]),
        [
            "test.toml, line 2: `media.ng.listen`: must be an address and a port like 127.0.0.1:2223, or empty",
            "test.toml, line 3: `media.ng.allowed`: `10.0.0.1/8` has bits beyond its mask: the range begins at 10.0.0.0",
            "test.toml, line 4: `media.ng.calls_max`: is 0; it must be 1 to 16384",
            "test.toml, line 5: `media.ng.max_duration_s`: is 59; it must be 60 to 604800",
            "test.toml, line 6: `media.ng.silent_timeout_s`: is 0; it must be 60 to 86400",
        ]
    );
    let nobody = shown(
        "[media.ng]\nlisten = \"127.0.0.1:2223\"\nallowed = []\n",
        &[],
    );
    assert!(nobody[0].contains("must name who may ask"), "{nobody:?}");
}

#[test]
fn networks_that_media_may_not_go_to_are_networks() {
    let text = "[media]\nrefused_networks = [\"10.0.0.0/8\", \"everywhere\"]\n";
    let problems = shown(text, &[]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].starts_with("test.toml, line 2: `media.refused_networks`: `everywhere`"),
        "{problems:?}"
    );
}

#[test]
fn text_that_is_not_toml_names_the_line() {
    let problems = shown("[node]\nname = \n", &[]);
    assert!(
        problems[0].starts_with("test.toml, line 2: is not TOML"),
        "{problems:?}"
    );
}

#[test]
fn acme_is_off_by_default_and_all_that_it_lacks_is_said() {
    let config = Config::from_text("test.toml", "", []).unwrap();
    assert_eq!(config.acme_settings(), None);
    let wrong = "[http.acme]\ndomains = [\"*.example.com\", \"localhost\"]\n";
    let problems = shown(wrong, &[]).join("\n");
    for part in [
        "`http.tls.address`: must be set",
        "`*.example.com` is no full domain name",
        "`localhost` is no full domain name",
        "`http.acme.terms_of_service_agreed`: must be true",
    ] {
        assert!(problems.contains(part), "{part}: {problems}");
    }
    let right = "[http.tls]\naddress = \"0.0.0.0:443\"\n[http.acme]\n\
        domains = [\"Switch.example.com\"]\nterms_of_service_agreed = true\n";
    let config = Config::from_text("test.toml", right, []).unwrap();
    let settings = config.acme_settings().unwrap();
    assert_eq!(settings.domains, ["switch.example.com"]);
    assert_eq!((settings.contact, settings.roots_file), (None, None));
    let both = right.replace("[http.acme]", "certificate_file = \"x.pem\"\n[http.acme]");
    let problems = shown(&both, &[]);
    assert!(problems[0].contains("must be empty"), "{problems:?}");
}

#[test]
fn an_archive_is_off_by_default_and_what_it_lacks_is_said() {
    let off = load("", &[]).unwrap();
    assert!(off.cdr_archive().unwrap().is_none());
    let alone = shown("[jobs]\narchive_cdrs_first = true\n", &[]);
    assert!(
        alone[0].contains("jobs.archive_cdrs_first") && alone[0].contains("cdr_archive.folder"),
        "{alone:?}"
    );
    let bucket = "[cdr_archive.s3]\nbucket = \"calls\"\nendpoint = \"http://192.0.2.1:9000\"\n";
    let keys = [
        ("DIDTRON_CDR_ARCHIVE_S3_ACCESS_KEY_ID", "AKIA"),
        ("DIDTRON_CDR_ARCHIVE_S3_SECRET_ACCESS_KEY", "hush"),
    ];
    for (text, environment, key) in [
        (
            bucket.to_owned(),
            &keys[..1],
            "cdr_archive.s3.access_key_id",
        ),
        (bucket.to_owned(), &keys[..], "cdr_archive.s3.endpoint"),
        (
            format!("[cdr_archive]\nfolder = \"/srv/calls\"\n{bucket}"),
            &keys[..],
            "cdr_archive.s3.bucket",
        ),
    ] {
        let problems = shown(&text, environment);
        assert!(problems[0].contains(key), "{key}: {problems:?}");
    }
    let config = load(&format!("{bucket}allow_http = true\n"), &keys).unwrap();
    let shown = format!("{config:?}");
    assert!(
        !shown.contains("AKIA") && !shown.contains("hush"),
        "{shown}"
    );
    let place = config.cdr_archive().unwrap().unwrap();
    assert_eq!(place.name(), "s3://calls");
}

#[test]
fn clickhouse_is_off_by_default_and_what_is_wrong_with_it_is_said() {
    assert!(load("", &[]).unwrap().clickhouse.settings().is_none());
    let right = "[clickhouse]\nurl = \"https://clickhouse.example.com:8443\"\n";
    let password = [("DIDTRON_CLICKHOUSE_PASSWORD", "of-a-test")];
    let config = load(right, &password).unwrap();
    let settings = config.clickhouse.settings().unwrap();
    assert_eq!(settings.password.expose(), "of-a-test");
    assert!(!format!("{config:?} {settings:?}").contains("of-a-test"));
    let wrong = "[clickhouse]\nurl = \"clickhouse:8123\"\ndatabase = \"a`b\"\nuser = \"\"\n\
        timeout_s = 0\nkeep_days = 366\n";
    let password = [("DIDTRON_CLICKHOUSE_PASSWORD", "of a\u{e9}")];
    let problems = shown(wrong, &password).join("\n");
    for part in [
        "`clickhouse.url`: must be an address",
        "`clickhouse.database`: must be",
        "`clickhouse.user`: must be",
        "`clickhouse.password`: must be",
        "`clickhouse.timeout_s`: is 0; it must be 1 to 600",
        "`clickhouse.keep_days`: is 366; it must be 1 to 365",
    ] {
        assert!(problems.contains(part), "{part}: {problems}");
    }
    assert!(!problems.contains("of a"), "{problems}");
    let with_password = "[clickhouse]\nurl = \"https://a:b@example.com\"\n";
    assert!(shown(with_password, &[])[0].contains("clickhouse.url"));
}
