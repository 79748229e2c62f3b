//! The switch of the test user, and the fault that is for test users alone.

use testkit::chromium::Browser;

use crate::filters::{abort, fault, only};
use crate::mesh::Mesh;
use crate::table::availabilities;

const SWITCH: &str = "form[action='/test-user'] button";

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn test_user_alone_meets_the_fault_until_switched_back() {
    let for_testers = fault(only("end-user", "tester", abort()));
    let mesh = Mesh::start(|plan| plan.to_stock.filters.push(for_testers)).await;
    let (tester, other) = (
        Browser::open(&mesh.url).await,
        Browser::open(&mesh.url).await,
    );
    assert_eq!(tester.texts(".finding").await, [""; 0]);

    tester.click(SWITCH).await;
    assert_eq!(tester.text(".xray header code").await, "end-user: tester");
    assert_eq!(availabilities(&tester).await, ["unknown"; 4]);
    assert_eq!(
        tester.texts(".finding strong").await,
        ["Abort injected by web's sidecar × 4"]
    );
    other.page.refresh().await.unwrap();
    assert_eq!(other.texts(".finding, .xray header code").await, [""; 0]);
    assert_eq!(availabilities(&other).await[0], "Plenty");

    tester.click(SWITCH).await;
    tester.wait("tr[data-level='plenty']").await;
    assert_eq!(tester.texts(".finding, .xray header code").await, [""; 0]);
}
