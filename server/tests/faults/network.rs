//! A machine of its own for a worker, as far as the network goes: a namespace on a bridge, whose cable can be pulled out. Who is
//! cut off is told nothing: what is sent gets lost, in both directions.

use std::net::Ipv4Addr;
use std::process::Command;

/// The network; gone when dropped.
pub(crate) struct Network {
    /// The namespace.
    pub(crate) namespace: String,
    /// This machine's end of the cable.
    cable: String,
    bridge: String,
    address: Ipv4Addr,
}

impl Network {
    /// Lays it; `None` where that can't be done: it takes root, and iproute2.
    pub(crate) fn new() -> Option<Self> {
        let number = std::process::id() % (1 << 15);
        // Four addresses each of those that are set aside for benchmarks.
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 1)) + 4 * number);
        let [namespace, cable, bridge] = ["n", "c", "b"].map(|kind| format!("maskarad-{kind}{number}"));
        let network = Self { namespace, cable, bridge, address };
        let laid = network.lay();
        laid.inspect_err(|error| println!("no network of its own for a worker: {error}")).ok().map(|()| network)
    }

    fn lay(&self) -> Result<(), String> {
        let Self { namespace, cable, bridge, address } = self;
        let there = Ipv4Addr::from(u32::from(*address) + 1);
        ip(&format!("link add {bridge} type bridge"))?;
        ip(&format!("address add {address}/30 dev {bridge}"))?;
        ip(&format!("link set {bridge} up"))?;
        ip(&format!("netns add {namespace}"))?;
        ip(&format!("link add {cable} type veth peer name eth0 netns {namespace}"))?;
        ip(&format!("link set {cable} master {bridge} up"))?;
        ip(&format!("-netns {namespace} address add {there}/30 dev eth0"))?;
        ip(&format!("-netns {namespace} link set eth0 up"))
    }

    /// This machine's address on it.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Pulls the cable out.
    pub(crate) fn cut(&self) {
        ip(&format!("link set {} down", self.cable)).unwrap();
    }

    /// Puts it back.
    pub(crate) fn mend(&self) {
        ip(&format!("link set {} up", self.cable)).unwrap();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let Self { namespace, cable, bridge, .. } = self;
        for what in
            [format!("link delete {cable}"), format!("netns delete {namespace}"), format!("link delete {bridge}")]
        {
            // What was never laid can't be taken away.
            let _ = ip(&what);
        }
    }
}

fn ip(what: &str) -> Result<(), String> {
    let output = Command::new("ip").args(what.split(' ')).output().map_err(|error| format!("ip: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}
