//! What `--check` reads besides the facts: other agents' processes, the namespaces that this process is in, the
//! service manager's opinion, and what sysfs has of Xen. Reads files and links, runs no program, sends nothing.

mod processes;
mod service_unit;
mod system;

pub use processes::{Process, agents};
pub use service_unit::{Manager, ServiceUnit, other_unit, service_unit};
pub use system::{
    Namespaces, XenDevice, has_xenbus_device, has_xenfs, namespaces, xen_devices, xen_version,
};
