//! External authorizers: what the mesh configuration declares decides who is asked.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use support::{Ran, meshlint, run_with};

const POLICY: &str = "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ask, namespace: shop}
spec: {action: CUSTOM, provider: {name: opa}, rules: [{to: [{operation: {paths: [/admin]}}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}}}
---
apiVersion: v1
kind: Service
metadata: {name: opa, namespace: auth}
spec: {ports: [{port: 9191}]}
";

fn eval(config: &str, path: &str) -> Ran {
    let mut command = meshlint();
    command.args(["authz", "eval", "-", "--workload", "shop/web", "--port", "80", "--path", path]);
    run_with(command, format!("{POLICY}{config}").as_bytes())
}

fn mesh(provider: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\n\
         data:\n  mesh: |\n    extensionProviders:\n    - {provider}\n"
    )
}

#[track_caller]
fn assert_decided(ran: &Ran, decision: &str, remark: &str) {
    assert!(ran.out.contains(decision), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(remark), "{}{}", ran.out, ran.err);
}

#[test]
fn a_declared_authorizer_decides() {
    let config = mesh("{name: opa, envoyExtAuthzGrpc: {service: opa.auth.svc.cluster.local, port: 9191}}");
    let asked = "UNKNOWN  GET /admin on port 80 from plain text: the external authorizer `opa` decides, asked by ns[shop]-policy[ask]-rule[0]";
    assert_decided(&eval(&config, "/admin"), asked, "`opa` is opa.auth.svc.cluster.local:9191");
    assert_decided(&eval(&config, "/"), "ALLOWED", "");
}

#[test]
fn what_an_unknown_or_broken_authorizer_should_decide_is_denied() {
    let denied = "DENIED   GET /admin";
    let other = mesh("{name: other, envoyExtAuthzHttp: {service: opa.auth.svc.cluster.local, port: 9191}}");
    assert_decided(&eval(&other, "/admin"), denied, "extensionProviders declare no `opa`");
    let missing = mesh("{name: opa, envoyExtAuthzGrpc: {service: gone.auth.svc.cluster.local, port: 9191}}");
    assert_decided(&eval(&missing, "/admin"), denied, "there is no service gone.auth.svc.cluster.local");
    let without_port = mesh("{name: opa, envoyExtAuthzGrpc: {service: opa.auth.svc.cluster.local}}");
    assert_decided(&eval(&without_port, "/admin"), denied, "0 is no port");
    assert_decided(&eval(&other, "/"), "ALLOWED", "");
}

#[test]
fn without_the_mesh_configuration_an_authorizer_is_taken_for_declared() {
    assert_decided(&eval("", "/admin"), "the external authorizer `opa` decides", "is taken for declared");
}
