//! One order: proving each domain, and getting the certificate.

use super::folder::{Folder, KeptAccount};
use super::http::AcmeHttp;
use super::{AcmeError, AcmeSettings, Usable};
use crate::server::tls::Certificate;
use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::sign::CertifiedKey;

/// How long the authority may take to verify the domains, and to issue.
const WAIT: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));

/// Gets a certificate: its key and its chain in PEM form, in one text.
pub(super) async fn obtain(
    settings: &AcmeSettings,
    folder: &Folder,
    certificate: &Certificate,
) -> Result<Vec<u8>, AcmeError> {
    let account = account(settings, folder).await?;
    let domains = settings.domains.iter().cloned();
    let identifiers: Vec<_> = domains.map(Identifier::Dns).collect();
    let order = account.new_order(&NewOrder::new(&identifiers)).await;
    let mut order = order.map_err(at("takes no order"))?;
    let proven = prove(&mut order, certificate).await;
    certificate.forget_proofs();
    proven?;

    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(settings.domains.clone())?;
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key)?;
    let finalized = order.finalize_csr(request.der()).await;
    finalized.map_err(at("does not take the request for the certificate"))?;
    let chain = order.poll_certificate(&WAIT).await;
    let chain = chain.map_err(at("issues no certificate"))?;
    Ok([key.serialize_pem(), chain].concat().into_bytes())
}

fn at(step: &'static str) -> impl Fn(instant_acme::Error) -> AcmeError {
    move |source| AcmeError::Authority { step, source }
}

/// The account that was kept, or a new one.
async fn account(settings: &AcmeSettings, folder: &Folder) -> Result<Account, AcmeError> {
    let http = Box::new(AcmeHttp::new(settings.roots_file.as_deref())?);
    let builder = Account::builder_with_http(http);
    if let Some(kept) = folder.account(&settings.directory)? {
        let account = builder.from_credentials(kept.credentials).await;
        return account.map_err(at("cannot be asked"));
    }
    let contact = settings.contact.as_ref();
    let contact = contact.map(|address| format!("mailto:{address}"));
    let contact: Vec<&str> = contact.as_deref().into_iter().collect();
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let directory = settings.directory.clone();
    let made = builder.create(&new, directory.clone(), None).await;
    let (account, credentials) = made.map_err(at("makes no account"))?;
    folder.put_account(&KeptAccount {
        directory,
        credentials,
    })?;
    Ok(account)
}

/// Shows a proof of each domain that is not proved yet, and waits until they are verified.
async fn prove(order: &mut Order, certificate: &Certificate) -> Result<(), AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(at("does not say what to prove"))?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let domain = authorization.identifier().to_string();
        let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
        let Some(mut challenge) = challenge else {
            return Err(AcmeError::NoChallenge { domain });
        };
        let authorization = challenge.key_authorization();
        let proof = proof(&domain, authorization.digest().as_ref())?;
        certificate.put_proof(&domain, proof);
        let ready = challenge.set_ready().await;
        ready.map_err(at("does not take a proof"))?;
    }
    let status = order.poll_ready(&WAIT).await;
    match status.map_err(at("does not verify the domains"))? {
        OrderStatus::Ready => Ok(()),
        _ => Err(not_verified(order).await),
    }
}

/// The certificate that proves a domain by the digest of the key authorization (RFC 8737 §3).
fn proof(domain: &str, digest: &[u8]) -> Result<Usable, AcmeError> {
    let mut params = CertificateParams::new(vec![domain.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let made = params.self_signed(&key)?;
    let unusable = |error: &dyn std::fmt::Display| AcmeError::Issued(error.to_string());
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| unusable(&error))?;
    let key = ring::default_provider().key_provider.load_private_key(key);
    let key = key.map_err(|error| unusable(&error))?;
    // Not by `from_der`, which reads the certificate: it knows no critical extension of this kind.
    Ok(Arc::new(CertifiedKey::new(vec![made.der().clone()], key)))
}

/// Which domain it was, and what the authority said of it.
async fn not_verified(order: &mut Order) -> AcmeError {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if authorization.refresh().await.is_err() {
            break;
        }
        let problems = authorization.challenges.iter();
        let problem = problems
            .filter_map(|challenge| challenge.error.as_ref())
            .next();
        if let Some(problem) = problem {
            let reason = problem
                .detail
                .clone()
                .unwrap_or_else(|| problem.to_string());
            return AcmeError::NotVerified {
                domain: authorization.identifier().to_string(),
                reason,
            };
        }
    }
    AcmeError::NotVerified {
        domain: "a domain".into(),
        reason: "it does not say why".into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use x509_parser::prelude::{FromDer as _, X509Certificate};

    #[test]
    fn a_proof_is_for_one_domain_and_holds_the_digest() {
        let digest = [7; 32];
        let proof = proof("a.example", &digest).unwrap();
        let (_, parsed) = X509Certificate::from_der(&proof.cert[0]).unwrap();
        let names = parsed.subject_alternative_name().unwrap().unwrap();
        assert_eq!(names.value.general_names.len(), 1);
        let mut extensions = parsed.extensions().iter();
        let found = extensions.find(|one| one.oid.to_id_string() == "1.3.6.1.5.5.7.1.31");
        let found = found.unwrap();
        assert!(found.critical);
        // An OCTET STRING of 32 bytes.
        assert_eq!(found.value, [&[4, 32], &digest[..]].concat());
    }
}
