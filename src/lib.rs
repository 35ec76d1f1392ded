//! meshlint reads what a service mesh left on disk and says what is wrong with it, where, and why.
//!
//! The way of the data: [`input`] finds and opens, [`document`] reads, [`kube`], [`istio`] and
//! [`envoy`] are typed views, [`mesh`] is what they mean together, [`routing`] is the algebra of
//! matching, [`simulate`] follows a request, [`query`] finds, [`declaration`] and [`rules`] judge, [`engine`] runs them, [`config`] says
//! how, [`inventory`] says what a bundle holds, [`report`] prints. [`tables`] shows what a proxy has,
//! [`authz`] who may call it, [`describe`] what concerns a workload; [`route_tests`] hold requests against
//! what is expected of them. A module uses only those before it.

pub mod authz;
pub mod commands;
pub mod config;
pub mod declaration;
pub mod describe;
pub mod diff;
pub mod document;
pub mod engine;
pub mod envoy;
pub mod fault;
pub mod finding;
mod huge_pages;
pub mod input;
pub mod inventory;
pub mod istio;
pub mod kube;
pub mod logs;
pub mod mesh;
pub mod query;
pub mod report;
pub mod route_tests;
pub mod routing;
pub mod rules;
pub mod similar;
pub mod simulate;
pub mod tables;
