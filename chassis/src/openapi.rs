//! Problems in a service's OpenAPI document.

use std::collections::BTreeMap;

use utoipa::openapi::{self, Content, Ref, RefOr, ResponseBuilder};

use crate::problem::{MEDIA_TYPE, Problem};

impl Problem {
    /// Problems as an OpenAPI document lists them: each status, such as `404` or `4XX`, with its
    /// description.
    pub fn responses<const N: usize>(
        answers: [(&str, &str); N],
    ) -> BTreeMap<String, RefOr<openapi::Response>> {
        let response = |(status, description): (&str, &str)| {
            let content = Content::new(Some(Ref::from_schema_name("Problem")));
            let response = ResponseBuilder::new().description(description);
            let response = response.content(MEDIA_TYPE, content).build();
            (status.to_owned(), response.into())
        };
        answers.into_iter().map(response).collect()
    }
}
