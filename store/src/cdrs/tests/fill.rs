//! Records that are older than the columns for finding them.

use super::*;

#[tokio::test]
async fn records_of_before_are_filled_in_and_then_found() {
    databases(async |database| {
        let store = filled(database).await;
        let written_by_the_loader = as_filled(&store).await;
        for text in [
            "UPDATE cdr SET ingress_trunk = NULL, ingress_call_id = NULL, \
             called_number_received = NULL, called_number_reversed = NULL, rate_card = NULL, \
             charge_by_rate = NULL, rate_currency = NULL, egress_trunk = NULL, gateway = NULL, \
             called_number_sent = NULL, calling_number_sent = NULL",
            "UPDATE attempt SET egress_call_id = NULL, called_number_sent = NULL, \
             calling_number_sent = NULL, destination = NULL, released_by = NULL",
            "INSERT INTO cdr_fill (name, call_id, until, done, total) \
             SELECT 'search', '', MAX(id), 0, COUNT(*) FROM cdr",
        ] {
            sql(text).execute(store.writer()).await.unwrap();
        }
        let number = NumberMatch {
            suffix: Some("2600007".into()),
            ..NumberMatch::default()
        };
        let by_number = CdrQuery {
            called: number,
            ..CdrQuery::default()
        };
        let by_call_id = |call_id: &str| CdrQuery {
            call_id: Some(call_id.into()),
            ..CdrQuery::default()
        };
        assert_eq!(ids(&store, by_number.clone()).await, []);
        assert_eq!(ids(&store, by_call_id("egress@test")).await, []);
        let fill = store.cdr_search_fill().await.unwrap().unwrap();
        assert_eq!((fill.done, fill.total), (0, 9));
        while store.fill_cdr_search().await.unwrap() {}
        assert_eq!(store.cdr_search_fill().await.unwrap(), None);
        assert_eq!(ids(&store, by_number).await, [7]);
        assert_eq!(ids(&store, by_call_id("ingress@test")).await.len(), 9);
        assert_eq!(ids(&store, by_call_id("egress@test")).await.len(), 9);
        let carrier = CdrQuery {
            party: CdrParty::Carrier(1),
            destination: Some("France Paris".into()),
            ..CdrQuery::default()
        };
        assert_eq!(ids(&store, carrier).await.len(), 9);
        assert_eq!(as_filled(&store).await, written_by_the_loader);
    })
    .await;
}

/// Every column that was filled in, as text.
async fn as_filled(store: &Store) -> Vec<Vec<Option<String>>> {
    let mut found = Vec::new();
    for (text, count) in [
        (
            "SELECT id, ingress_trunk, ingress_call_id, called_number_received, \
             called_number_reversed, rate_card, CAST(charge_by_rate AS TEXT), rate_currency, \
             egress_trunk, gateway, called_number_sent, calling_number_sent FROM cdr ORDER BY id",
            12,
        ),
        (
            "SELECT call_id, egress_call_id, called_number_sent, calling_number_sent, destination, \
             released_by FROM attempt ORDER BY call_id, number",
            6,
        ),
    ] {
        let rows = sql(text).fetch_all(store.reader()).await.unwrap();
        for row in rows {
            found.push((0..count).map(|column| row.get(column).unwrap()).collect());
        }
    }
    found
}
