; See python.scm for the captures.

(struct_item name: (type_identifier) @name) @class
(enum_item name: (type_identifier) @name) @class
(union_item name: (type_identifier) @name) @class
(trait_item name: (type_identifier) @name body: (_) @braces) @class
(impl_item type: [(type_identifier) @name (generic_type type: (type_identifier) @name)]) @owner
(mod_item name: (identifier) @name) @namespace
(function_item name: (identifier) @name body: (block) @braces) @function
(function_item (function_modifiers "async" @async))
(function_signature_item name: (identifier) @name) @function
(macro_definition name: (identifier) @name) @function

(source_file (const_item name: (identifier) @bound) @constant)
(source_file (static_item name: (identifier) @bound) @constant)
(source_file (type_item name: (type_identifier) @bound) @constant)

(use_declaration argument: (_) @module) @import

[(line_comment) (block_comment)] @comment
