; See python.scm for the captures.

(function_declaration name: (identifier) @name) @function
(function_declaration body: (block) @braces)
(method_declaration receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @receiver
    (pointer_type (type_identifier) @receiver)
    (generic_type type: (type_identifier) @receiver)
    (pointer_type (generic_type type: (type_identifier) @receiver))]))
  name: (field_identifier) @name) @function
(method_declaration body: (block) @braces)
(type_declaration (type_spec name: (type_identifier) @name)) @class

(source_file (const_declaration (const_spec name: (identifier) @bound)) @constant)
(source_file (var_declaration (var_spec name: (identifier) @bound)) @constant)
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @bound))) @constant)

(import_spec path: (_) @module) @import

(comment) @comment
