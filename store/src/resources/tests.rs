#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::database::sql;
use crate::testing::{TestDatabase, change, databases, resource as new, spec_index};
use crate::{ConfigurationChange, ResourceWrite, TenantId};
use serde_json::json;
use std::collections::BTreeSet;

const PLATFORM: Scope = Scope::of_tenant(TenantId::PLATFORM);

async fn put(store: &Store, writes: &[ResourceWrite]) -> Vec<i64> {
    let mut write = store.begin_configuration(change("ann")).await.unwrap();
    let written = write.put_all(&PLATFORM, writes).await.unwrap();
    write.commit().await.unwrap();
    written.iter().map(|written| written.id).collect()
}

/// 1,000 customers. Of each ten, three are blocked; the words of the first are `acme` and its
/// number, limits repeat every 50.
fn customers() -> Vec<ResourceWrite> {
    (0..1_000)
        .map(|n| {
            let status = if n % 10 < 3 { "blocked" } else { "active" };
            let limit = (n % 50).to_string();
            let corner = if n % 100 == 7 { "yes" } else { "no" };
            let fields = [
                ("status", status),
                ("limit", limit.as_str()),
                ("corner", corner),
            ];
            let number = n.to_string();
            let company = if n < 600 { "acme" } else { "acorn" };
            let mut index = spec_index(&fields, &[company, &number], &[]);
            if n == 13 {
                index.fields.retain(|(field, _)| field != "limit");
            }
            ResourceWrite {
                index,
                ..new(
                    "customer",
                    &format!("c{:03}", (n * 7) % 1_000),
                    json!({"n": n}),
                )
            }
        })
        .collect()
}

/// All rows by pages of 37, and what they hold.
async fn walk(store: &Store, query: &ResourceQuery) -> Vec<i64> {
    let mut query = ResourceQuery {
        kind: "customer".into(),
        limit: 37,
        ..query.clone()
    };
    let mut seen = Vec::new();
    loop {
        let page = store.list_resources(&PLATFORM, &query).await.unwrap();
        assert!(page.rows.len() <= 37);
        let listed = store.listed_page(&PLATFORM, &query).await.unwrap();
        assert_same(&page, &listed);
        seen.extend(page.rows.iter().map(|row| row.spec["n"].as_i64().unwrap()));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return seen;
        }
        assert!(!page.rows.is_empty(), "an empty page is the last");
    }
}

/// That the page as a text says what the page as rows does.
fn assert_same(page: &ResourcePage, listed: &ListedPage) {
    let (rows, next) = listed.rows().unwrap();
    assert_eq!((rows.len(), &next), (page.rows.len(), &page.next));
    for (row, listed) in page.rows.iter().zip(&rows) {
        let spec = serde_json::to_string(&row.spec).unwrap();
        let assignment = serde_json::to_string(&row.assignment).unwrap();
        assert_eq!((listed.id, &*listed.name), (row.id, &*row.name));
        assert_eq!(listed.external_id, row.external_id);
        assert_eq!(
            (listed.spec.get(), listed.assignment.get()),
            (&*spec, &*assignment)
        );
        assert_eq!(
            (listed.version, &*listed.updated_by),
            (row.version, &*row.updated_by)
        );
        assert_eq!(
            (listed.created_at(), listed.updated_at()),
            (row.created_at, row.updated_at)
        );
    }
}

fn filters(filters: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(field, value): &(&str, &str)| ((*field).to_owned(), (*value).to_owned());
    filters.iter().map(owned).collect()
}

/// Filters, words, and which numbers fulfil both.
type Question<'a> = (&'a [(&'a str, &'a str)], &'a str, fn(i64) -> bool);

/// Every order and direction, every kind of plan: the pages together are what a look at each row
/// gives, in order, each once.
#[tokio::test]
async fn pages_are_complete_and_in_order_whatever_is_asked() {
    databases(async |database| {
        let store = database.open().await;
        put(&store, &customers()).await;
        let questions: [Question<'_>; 10] = [
            (&[], "", |_| true),
            (&[("status", "active")], "", |n| n % 10 >= 3),
            (&[("status", "active"), ("limit", "7")], "", |n| n % 50 == 7),
            (&[("status", "blocked"), ("corner", "no")], "", |n| {
                n % 10 < 3
            }),
            (&[], "ACME", |n| n < 600),
            (&[("corner", "yes")], "aco", |n| n % 100 == 7 && n >= 600),
            (&[], "ac 99", |n| n == 99 || (990..1_000).contains(&n)),
            (&[], "ac", |_| true),
            (&[("status", "active")], "ac", |n| n % 10 >= 3),
            (&[("status", "none")], "", |_| false),
        ];
        let sorts = [
            SortBy::Name,
            SortBy::CreatedAt,
            SortBy::UpdatedAt,
            SortBy::Field("limit".into()),
        ];
        for (of, words, holds) in questions {
            let expected: BTreeSet<i64> = (0..1_000).filter(|n| holds(*n)).collect();
            for sort in &sorts {
                let query = ResourceQuery {
                    filters: filters(of),
                    search: (!words.is_empty()).then(|| words.to_owned()),
                    sort: sort.clone(),
                    ..ResourceQuery::default()
                };
                let seen = walk(&store, &query).await;
                assert_eq!(seen.len(), expected.len(), "{query:?}");
                assert_eq!(seen.iter().copied().collect::<BTreeSet<_>>(), expected);
                let key = |n: &i64| match sort {
                    SortBy::Name => ((n * 7) % 1_000, 0),
                    SortBy::Field(_) if *n == 13 => (-1, *n),
                    SortBy::Field(_) => (n % 50, *n),
                    SortBy::CreatedAt | SortBy::UpdatedAt => (*n, 0),
                };
                assert!(seen.is_sorted_by_key(key), "{query:?}: {seen:?}");
                let mut back = walk(
                    &store,
                    &ResourceQuery {
                        descending: true,
                        ..query
                    },
                )
                .await;
                back.reverse();
                assert_eq!(back, seen);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_text_of_a_page_holds_whatever_a_resource_holds() {
    databases(async |database| {
        let store = database.open().await;
        let odd = "a \"quoted\" \u{e9}\u{1f600} \\ \u{7f} <>&' name";
        let spec = json!({
            "b": [1, 2.50, -3e7, null, true], "a": {"deep": {"text": odd, "empty": {}}},
            "big": 12_345_678_901_234_567_u64,
        });
        let write = ResourceWrite {
            external_id: Some("x\"y".into()),
            assignment: json!({"all": false, "groups": ["g\t1"]}),
            ..new("customer", odd, spec)
        };
        put(&store, &[write]).await;
        let query = ResourceQuery {
            kind: "customer".into(),
            limit: 9,
            ..ResourceQuery::default()
        };
        let page = store.list_resources(&PLATFORM, &query).await.unwrap();
        assert_eq!(page.rows.len(), 1);
        let listed = store.listed_page(&PLATFORM, &query).await.unwrap();
        assert_same(&page, &listed);
    })
    .await;
}

#[tokio::test]
async fn a_filtered_list_by_time_follows_each_version() {
    databases(async |database| {
        let store = database.open().await;
        let index = spec_index(&[("status", "active")], &[], &[]);
        let mut ids = Vec::new();
        for (name, at) in [("a", 10), ("b", 20), ("c", 30)] {
            let change = ConfigurationChange {
                at: Timestamp(at),
                ..change("ann")
            };
            let mut write = store.begin_configuration(change).await.unwrap();
            let resource = ResourceWrite {
                index: index.clone(),
                ..new("customer", name, json!({}))
            };
            ids.push(write.put_all(&PLATFORM, &[resource]).await.unwrap()[0].id);
            write.commit().await.unwrap();
        }
        let change = ConfigurationChange {
            at: Timestamp(40),
            ..change("bob")
        };
        let mut write = store.begin_configuration(change).await.unwrap();
        let again = ResourceWrite {
            id: Some(ids[0]),
            index,
            ..new("customer", "a", json!({"n": 2}))
        };
        write.put_all(&PLATFORM, &[again]).await.unwrap();
        write.commit().await.unwrap();
        for (sort, expected) in [
            (SortBy::CreatedAt, [0, 1, 2]),
            (SortBy::UpdatedAt, [1, 2, 0]),
        ] {
            let query = ResourceQuery {
                kind: "customer".into(),
                filters: filters(&[("status", "active")]),
                sort,
                limit: 9,
                ..ResourceQuery::default()
            };
            let page = store.list_resources(&PLATFORM, &query).await.unwrap();
            let found: Vec<i64> = page.rows.iter().map(|row| row.id).collect();
            assert_eq!(found, expected.map(|index| ids[index]), "{query:?}");
        }
    })
    .await;
}

/// A page must cost what it holds: neither a whole table nor all rows of a filter may be read or
/// sorted for it.
#[tokio::test]
async fn a_filtered_page_comes_in_order_from_one_index() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    for sort in [SortBy::Name, SortBy::CreatedAt, SortBy::UpdatedAt] {
        for descending in [false, true] {
            let query = ResourceQuery {
                kind: "customer".into(),
                filters: filters(&[("status", "active"), ("limit", "7")]),
                sort: sort.clone(),
                descending,
                cursor: Some(ResourceCursor {
                    key: "5".into(),
                    id: 5,
                }),
                limit: 50,
                ..ResourceQuery::default()
            };
            let conditions = list::conditions(&query).unwrap();
            let mut explain = sql("EXPLAIN QUERY PLAN ");
            explain.append(plan::page(
                &PLATFORM,
                &query,
                &conditions,
                &plan::Driver::Order,
            ));
            let rows = explain.fetch_all(store.reader()).await.unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.get(3).unwrap()).collect();
            assert!(
                steps[0].starts_with("SEARCH f USING COVERING INDEX"),
                "{query:?}: {steps:?}"
            );
            let is_dear = |step: &String| step.starts_with("SCAN") || step.contains("B-TREE");
            assert!(!steps.iter().any(is_dear), "{query:?}: {steps:?}");
        }
    }
}

/// A word that many have, and that stands at the end of the order, must not cost the way there.
#[tokio::test]
async fn a_searched_page_comes_in_order_from_the_indexes_of_its_words() {
    databases(async |database| {
        let store = database.open().await;
        put(&store, &customers()).await;
        let mut query = ResourceQuery {
            kind: "customer".into(),
            filters: filters(&[("status", "active")]),
            search: Some("aco".into()),
            limit: 50,
            ..ResourceQuery::default()
        };
        // Few have the word `acorn`, and more than few one of `acme` and `acorn`.
        for (search, driver) in [
            ("aco", plan::Driver::Few(1)),
            ("acme", plan::Driver::Terms(1, vec!["acme".into()])),
            (
                "ac",
                plan::Driver::Terms(1, vec!["acme".into(), "acorn".into()]),
            ),
        ] {
            query.search = Some(search.into());
            let conditions = list::conditions(&query).unwrap();
            let found = store.driver(&PLATFORM, &query, &conditions).await.unwrap();
            assert_eq!(found, driver);
        }
    })
    .await;
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let query = ResourceQuery {
        kind: "customer".into(),
        search: Some("ac".into()),
        limit: 50,
        ..ResourceQuery::default()
    };
    let conditions = list::conditions(&query).unwrap();
    let terms = plan::Driver::Terms(0, vec!["acme".into(), "acorn".into()]);
    let mut explain = sql("EXPLAIN QUERY PLAN ");
    explain.append(plan::page(&PLATFORM, &query, &conditions, &terms));
    let rows = explain.fetch_all(store.reader()).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|row| row.get(3).unwrap()).collect();
    let index =
        "SEARCH f USING COVERING INDEX resource_term_by_name (owner=? AND kind=? AND term=?)";
    assert_eq!(
        steps.iter().filter(|step| *step == index).count(),
        2,
        "{steps:?}"
    );
}

#[tokio::test]
async fn a_list_goes_on_behind_its_place_when_rows_come_and_go() {
    databases(async |database| {
        let store = database.open().await;
        let ids = put(
            &store,
            &["a", "b", "c", "d"].map(|name| new("customer", name, json!({}))),
        )
        .await;
        let mut query = ResourceQuery {
            kind: "customer".into(),
            limit: 2,
            ..ResourceQuery::default()
        };
        query.cursor = store.list_resources(&PLATFORM, &query).await.unwrap().next;
        let mut write = store.begin_configuration(change("ann")).await.unwrap();
        write
            .delete(&PLATFORM, &[ids[1], ids[2]], None)
            .await
            .unwrap();
        write
            .put_all(&PLATFORM, &[new("customer", "aa", json!({}))])
            .await
            .unwrap();
        write.commit().await.unwrap();
        let page = store.list_resources(&PLATFORM, &query).await.unwrap();
        let names: Vec<&str> = page.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["d"]);
    })
    .await;
}

#[tokio::test]
async fn a_search_for_signs_alone_finds_nothing() {
    databases(async |database| {
        let store = database.open().await;
        put(&store, &[new("customer", "a", json!({}))]).await;
        for (search, found) in [("%", 0), ("  ", 1), ("--", 0)] {
            let query = ResourceQuery {
                kind: "customer".into(),
                search: Some(search.to_owned()),
                limit: 9,
                ..ResourceQuery::default()
            };
            let page = store.list_resources(&PLATFORM, &query).await.unwrap();
            assert_eq!(page.rows.len(), found, "{search:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_resource_is_found_by_goes_with_its_version() {
    databases(async |database| {
        let store = database.open().await;
        let first = ResourceWrite {
            index: spec_index(&[("status", "active")], &["acme"], &[("rate_card", "gold")]),
            ..new("customer", "a", json!({}))
        };
        let id = put(&store, &[first]).await[0];
        let second = ResourceWrite {
            id: Some(id),
            index: spec_index(
                &[("status", "blocked")],
                &["corp"],
                &[("rate_card", "silver")],
            ),
            ..new("customer", "b", json!({}))
        };
        put(&store, &[second]).await;
        let found = async |filter: &str, search: Option<&str>| {
            let query = ResourceQuery {
                kind: "customer".into(),
                filters: filters(&[("status", filter)]),
                search: search.map(str::to_owned),
                limit: 9,
                ..ResourceQuery::default()
            };
            store
                .list_resources(&PLATFORM, &query)
                .await
                .unwrap()
                .rows
                .len()
        };
        assert_eq!(found("active", None).await, 0);
        assert_eq!(found("blocked", None).await, 1);
        assert_eq!(found("blocked", Some("acme")).await, 0);
        assert_eq!(found("blocked", Some("corp")).await, 1);
        let refers = async |card: &str| {
            let referrers = store
                .referrers(&PLATFORM, "rate_card", card, None, 9)
                .await
                .unwrap();
            referrers
                .into_iter()
                .map(|referrer| referrer.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(refers("gold").await, Vec::<String>::new());
        assert_eq!(refers("silver").await, ["b"]);
        let mut write = store.begin_configuration(change("ann")).await.unwrap();
        write.delete(&PLATFORM, &[id], None).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(found("blocked", None).await, 0);
        assert_eq!(
            refers("silver").await,
            Vec::<String>::new(),
            "what is gone refers to nothing"
        );
    })
    .await;
}

#[tokio::test]
async fn a_customer_gets_what_all_its_category_its_groups_and_itself_get() {
    databases(async |database| {
        let store = database.open().await;
        let to = |level, target: &str| AssignedTo {
            level,
            target: target.to_owned(),
        };
        let card = |name: &str, to: AssignedTo| {
            let mut write = new("rate_card", name, json!({}));
            write.index.assignments = vec![to.clone(), to];
            write
        };
        put(
            &store,
            &[
                card("everybody", to(AssignmentLevel::All, "")),
                card("gold", to(AssignmentLevel::Category, "gold")),
                card("vip", to(AssignmentLevel::Group, "vip")),
                card("own", to(AssignmentLevel::Customer, "acme")),
                card("other", to(AssignmentLevel::Customer, "umbrella")),
            ],
        )
        .await;
        let targets = [
            to(AssignmentLevel::All, ""),
            to(AssignmentLevel::Category, "gold"),
            to(AssignmentLevel::Group, "vip"),
            to(AssignmentLevel::Customer, "acme"),
        ];
        let assigned = store
            .assigned_to(&PLATFORM, Some("rate_card"), &targets)
            .await
            .unwrap();
        let names: Vec<&str> = assigned
            .iter()
            .map(|assigned| assigned.name.as_str())
            .collect();
        assert_eq!(names, ["everybody", "gold", "own", "vip"]);
        assert_eq!(assigned[2].by.level, AssignmentLevel::Customer);
        assert_eq!(
            store
                .assigned_to(&PLATFORM, Some("route"), &targets)
                .await
                .unwrap(),
            []
        );
        assert_eq!(store.assigned_to(&PLATFORM, None, &[]).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn rows_of_older_rules_are_found_and_indexed_anew_without_a_version() {
    databases(async |database| {
        let store = database.open().await;
        let id = put(&store, &[new("customer", "a", json!({}))]).await[0];
        let old = store.resources_to_index(2, 10).await.unwrap();
        assert_eq!(old.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);
        let mut write = store
            .begin_configuration(ConfigurationChange::default())
            .await
            .unwrap();
        let index = ResourceIndex {
            generation: 2,
            ..spec_index(&[("status", "active")], &[], &[])
        };
        let rows: Vec<_> = old.into_iter().map(|row| (row, index.clone())).collect();
        write.index(&rows).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(store.resources_to_index(2, 10).await.unwrap(), []);
        assert_eq!(
            store
                .resource(&PLATFORM, id)
                .await
                .unwrap()
                .unwrap()
                .version,
            1
        );
        assert_eq!(store.configuration_number().await.unwrap(), 1);
        let count: i64 = sql("SELECT COUNT(*) FROM resource_field")
            .fetch_value(store.reader())
            .await
            .unwrap();
        assert_eq!(count, 1);
    })
    .await;
}
