//! What services can be asked, read from the descriptors of their `.proto` files: a test that goes over them forgets none.

use prost::Message as _;
use prost_types::FileDescriptorSet;

/// Every gRPC method, as its path: `/schildwacht.identity.v1.GatewayService/EnrolGateway`.
pub fn grpc_methods() -> Vec<String> {
    let descriptors = FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).expect("the compiled descriptors can be read");
    let services = descriptors.file.iter().flat_map(|file| file.service.iter().map(move |service| (file.package(), service)));
    services
        .flat_map(|(package, service)| service.method.iter().map(move |method| format!("/{package}.{}/{}", service.name(), method.name())))
        .collect()
}

/// The names of the methods of a package: `EnrolGateway` and the others of `schildwacht.identity.v1`, sorted.
pub fn grpc_methods_of(package: &str) -> Vec<String> {
    let prefix = format!("/{package}.");
    let mut names: Vec<String> = grpc_methods()
        .iter()
        .filter_map(|path| path.strip_prefix(&prefix)?.split_once('/'))
        .map(|(_service, name)| name.to_owned())
        .collect();
    names.sort();
    names
}
