//! The comments of the protos.

use std::collections::HashMap;

use prost_reflect::{
    DescriptorPool, FieldDescriptor, MessageDescriptor, MethodDescriptor, ServiceDescriptor,
};

/// Leading comments, by file and place in it.
pub(crate) struct Comments {
    by_place: HashMap<(String, Vec<i32>), String>,
}

impl Comments {
    pub(crate) fn of(pool: &DescriptorPool) -> Self {
        let mut by_place = HashMap::new();
        for file in pool.files() {
            let info = file.file_descriptor_proto().source_code_info.as_ref();
            for location in info.map(|info| info.location.as_slice()).unwrap_or_default() {
                let text = tidy(location.leading_comments());
                if !text.is_empty() {
                    by_place.insert((file.name().to_owned(), location.path.clone()), text);
                }
            }
        }
        Self { by_place }
    }

    pub(crate) fn of_service(&self, service: &ServiceDescriptor) -> &str {
        self.at(service.parent_file().name(), service.path())
    }

    pub(crate) fn of_method(&self, method: &MethodDescriptor) -> &str {
        self.at(method.parent_file().name(), method.path())
    }

    pub(crate) fn of_message(&self, message: &MessageDescriptor) -> &str {
        self.at(message.parent_file().name(), message.path())
    }

    pub(crate) fn of_field(&self, field: &FieldDescriptor) -> &str {
        self.at(field.parent_file().name(), field.path())
    }

    fn at(&self, file: &str, path: &[i32]) -> &str {
        self.by_place.get(&(file.to_owned(), path.to_vec())).map(String::as_str).unwrap_or_default()
    }
}

/// One paragraph, without what is said to tools.
fn tidy(comment: &str) -> String {
    let lines = comment.lines().map(str::trim).filter(|line| !line.starts_with("buf:lint"));
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}
