; See python.scm for the captures.

(class_declaration name: (identifier) @name body: (_) @braces) @class
(interface_declaration name: (identifier) @name body: (_) @braces) @class
(enum_declaration name: (identifier) @name body: (_) @braces) @class
(record_declaration name: (identifier) @name body: (_) @braces) @class
(annotation_type_declaration name: (identifier) @name body: (_) @braces) @class
(method_declaration name: (identifier) @name) @function
(method_declaration body: (block) @braces)
(constructor_declaration name: (identifier) @name body: (_) @braces) @function

(import_declaration [(scoped_identifier) (identifier)] @module) @import

[(line_comment) (block_comment)] @comment
