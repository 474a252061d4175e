//! All that is configured as files, as `apply` reads them.

use super::resources::may_read;
use crate::auth::Principal;
use crate::problem::Problem;
use crate::resource_engine::document_of;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use resources::documents::write_documents;
use resources::{ResourceDocument, ResourceKind, ResourceSpec};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{ConfigurationMoment, ResourceRow};
use utoipa::ToSchema;

/// Rows that are read at once.
const CHUNK: u32 = 500;

/// How much one export may hold, since it is one answer.
#[derive(Clone, Copy, Debug)]
struct Limits {
    resources: usize,
    /// Of all texts together.
    bytes: usize,
}

const LIMITS: Limits = Limits {
    resources: 250_000,
    bytes: 256 << 20,
};

/// A whole configuration as files.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Exported {
    /// One YAML file for each kind that there is any resource of.
    pub files: Vec<ExportedFile>,
    /// The rate files that they name, as CSV text.
    pub decks: Vec<ExportedFile>,
    /// Kinds that are not in here, because the caller may not read them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// One file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExportedFile {
    /// Path within the export.
    pub path: String,
    /// The text.
    pub content: String,
}

/// Everything of the caller's that is configured at one moment, as files that `apply` reads. Secrets
/// are masked; kinds that the caller may not read are left out.
#[utoipa::path(
    get,
    path = "/api/v1/export",
    operation_id = "export",
    tag = "resources",
    responses(
        (status = 200, description = "The files", body = Exported),
        (status = 422, description = "There is too much for one answer: export kind by kind", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn export_all(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<Exported>, Problem> {
    let kinds = ResourceKind::ALL.into_iter();
    let (read, left_out): (Vec<_>, Vec<_>) = kinds.partition(|kind| may_read(&principal, *kind));
    let moment = state.store.configuration_moment(&principal.scope()).await?;
    let mut export = Export {
        moment,
        limits: LIMITS,
        resources: 0,
        bytes: 0,
        decks: BTreeMap::new(),
    };
    let mut exported = export.of(&read).await?;
    exported.left_out = left_out.iter().map(ToString::to_string).collect();
    Ok(Json(exported))
}

/// An export under way.
struct Export {
    moment: ConfigurationMoment,
    limits: Limits,
    /// What it holds so far.
    resources: usize,
    bytes: usize,
    /// Hashes of decks by their paths.
    decks: BTreeMap<String, String>,
}

impl Export {
    async fn of(&mut self, kinds: &[ResourceKind]) -> Result<Exported, Problem> {
        let mut exported = Exported::default();
        for kind in kinds {
            let content = self.text_of(*kind).await?;
            if !content.is_empty() {
                let path = format!("{}.yaml", kind.plural());
                exported.files.push(ExportedFile { path, content });
            }
        }
        for (path, hash) in std::mem::take(&mut self.decks) {
            if let Some(content) = self.moment.deck(&hash).await? {
                self.holds(0, content.len())?;
                exported.decks.push(ExportedFile { path, content });
            }
        }
        Ok(exported)
    }

    /// All resources of a kind as one file; empty when there are none.
    async fn text_of(&mut self, kind: ResourceKind) -> Result<String, Problem> {
        let mut text = String::new();
        let mut last = None;
        loop {
            let rows = self.moment.resources(kind.as_str(), last.as_deref(), CHUNK);
            let rows = rows.await?;
            let Some(row) = rows.last() else {
                return Ok(text);
            };
            last = Some(row.name.clone());
            let count = rows.len();
            let documents = rows.into_iter().map(|row| self.document(kind, row));
            let documents = documents.collect::<Result<Vec<_>, _>>()?;
            let written = write_documents(&documents);
            let written = written.map_err(|error| Problem::internal(&error))?;
            self.holds(count, written.len())?;
            if !text.is_empty() {
                text.push_str("---\n");
            }
            text.push_str(&written);
        }
    }

    fn document(
        &mut self,
        kind: ResourceKind,
        row: ResourceRow,
    ) -> Result<ResourceDocument, Problem> {
        let hash = row.deck_hash.clone();
        let mut document = document_of(kind, row)?;
        // What a card is built from says all of it.
        if let (ResourceSpec::RateCard(card), Some(hash)) = (&mut document.spec, hash)
            && card.built_from.is_none()
        {
            let path = card.rates_file.take().unwrap_or_default();
            card.rates_file = Some(place(&mut self.decks, path, &hash));
        }
        Ok(document)
    }

    /// Counts what it holds more.
    ///
    /// # Errors
    /// 422 when that is too much.
    fn holds(&mut self, resources: usize, bytes: usize) -> Result<(), Problem> {
        self.resources += resources;
        self.bytes += bytes;
        let Limits {
            resources: most,
            bytes: most_bytes,
        } = self.limits;
        if self.resources <= most && self.bytes <= most_bytes {
            return Ok(());
        }
        let mib = most_bytes >> 20;
        let detail = format!(
            "There are more than {most} resources or {mib} MiB of text, too much for one answer: \
             export kind by kind, or make a backup."
        );
        Err(Problem::invalid(detail, Vec::new()))
    }
}

/// The path of a deck: the one that its card names, unless another deck has it already.
fn place(decks: &mut BTreeMap<String, String>, path: String, hash: &str) -> String {
    let is_taken = decks.get(&path).is_some_and(|other| other != hash);
    let path = if is_taken {
        format!("{hash}.csv")
    } else {
        path
    };
    decks.insert(path.clone(), hash.to_owned());
    path
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::clock;
    use serde_json::json;
    use store::{ResourceIndex, ResourceWrite, Scope, Store, TenantId, testing};

    const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);

    fn new(kind: ResourceKind, name: &str) -> ResourceWrite {
        ResourceWrite {
            id: None,
            expected_version: None,
            kind: kind.as_str().into(),
            name: name.into(),
            external_id: None,
            spec: json!({}),
            assignment: json!({}),
            deck_hash: None,
            note: None,
            index: ResourceIndex::default(),
        }
    }

    async fn put(store: &Store, kind: ResourceKind, names: &[String]) {
        let mut write = store
            .change_configuration("ann", clock::now())
            .await
            .unwrap();
        let writes: Vec<_> = names.iter().map(|name| new(kind, name)).collect();
        write.put_all(&SCOPE, &writes).await.unwrap();
        write.commit().await.unwrap();
    }

    async fn export(store: &Store, limits: Limits) -> Export {
        Export {
            moment: store.configuration_moment(&SCOPE).await.unwrap(),
            limits,
            resources: 0,
            bytes: 0,
            decks: BTreeMap::new(),
        }
    }

    #[tokio::test]
    async fn an_export_is_of_one_moment_however_much_is_pushed_meanwhile() {
        testing::databases(async |database| {
            let store = database.open().await;
            let names = |range: std::ops::Range<u32>| {
                let names = range.map(|number| format!("n{number:04}"));
                names.collect::<Vec<_>>()
            };
            put(&store, ResourceKind::Carrier, &names(0..CHUNK + 1)).await;
            let mut export = export(&store, LIMITS).await;
            let first = export.text_of(ResourceKind::Carrier).await.unwrap();
            put(&store, ResourceKind::Carrier, &names(1_000..1_001)).await;
            put(&store, ResourceKind::CustomerCategory, &names(0..1)).await;
            let again = export.text_of(ResourceKind::Carrier).await.unwrap();
            assert_eq!(first, again);
            assert_eq!(first.matches("kind: carrier").count(), CHUNK as usize + 1);
            let later = export.text_of(ResourceKind::CustomerCategory).await;
            assert_eq!(later.unwrap(), "");
        })
        .await;
    }

    #[tokio::test]
    async fn an_export_has_an_end() {
        let database = testing::TestDatabase::sqlite();
        let store = database.open().await;
        let names = ["a", "b", "c"].map(str::to_owned);
        put(&store, ResourceKind::Carrier, &names).await;
        let kinds = [ResourceKind::Carrier];
        let fits = Limits {
            resources: 3,
            bytes: 1_000,
        };
        let exported = export(&store, fits).await.of(&kinds).await.unwrap();
        assert_eq!(exported.files.len(), 1);
        for limits in [
            Limits {
                resources: 2,
                ..fits
            },
            Limits { bytes: 20, ..fits },
        ] {
            let refused = export(&store, limits).await.of(&kinds).await;
            assert_eq!(refused.unwrap_err().status, 422, "{limits:?}");
        }
    }
}
