//! Counts that buses share.

use super::*;

const KEY: &str = "ratelimit:alice";
const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_bus_inside_one_process_counts_nothing() {
    let bus = start(&BusConfig::default());
    assert_eq!(bus.tally(KEY, LONG).await, Err(BusError::NoAddress));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_several_buses_count_at_once_adds_up_and_each_hears_another_number() {
    for setup in [Setup::single().await, Setup::cluster(None, false).await] {
        let buses = [setup.bus(1), setup.bus(2)];
        for bus in &buses {
            well(bus).await;
        }
        let counts = (0..40).map(|number| buses[number % 2].tally(KEY, LONG));
        let counted = futures_util::future::join_all(counts).await;
        let mut numbers: Vec<u64> = counted.iter().map(|tally| tally.unwrap().count).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=40).collect::<Vec<u64>>());
        let longest = u64::try_from(LONG.as_millis()).unwrap();
        assert!(
            counted
                .iter()
                .all(|tally| (1..=longest).contains(&tally.unwrap().left_ms))
        );
        assert_eq!(buses[0].tally("ratelimit:bob", LONG).await.unwrap().count, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_has_no_end_gets_one_and_one_that_ended_begins_anew() {
    let mut server = Server::start().await;
    let bus = server.bus(1);
    well(&bus).await;
    let key = "rookery:ratelimit:alice";
    let _: () = server.ask(&["SET", key, "7"]).await;
    assert_eq!(bus.tally(KEY, LONG).await.unwrap().count, 8);
    let left_ms: i64 = server.ask(&["PTTL", key]).await;
    assert!(left_ms > 0, "{left_ms}");
    let _: () = server.ask(&["PEXPIRE", key, "1"]).await;
    until(async || server.ask::<i64>(&["EXISTS", key]).await == 0).await;
    assert_eq!(bus.tally(KEY, LONG).await.unwrap().count, 1);
    bus.show_tally(KEY, LONG);
    until(async || server.ask::<String>(&["GET", key]).await == "2").await;
    server.stop();
    degraded(&bus).await;
    assert_eq!(bus.tally(KEY, LONG).await, Err(BusError::Away));
}
