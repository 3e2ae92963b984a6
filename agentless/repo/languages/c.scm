; See python.scm for the captures.

(function_definition declarator: (function_declarator declarator: (identifier) @name) body: (compound_statement) @braces) @function
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name)) body: (compound_statement) @braces) @function
(struct_specifier name: (type_identifier) @name body: (_) @braces) @class
(union_specifier name: (type_identifier) @name body: (_) @braces) @class
(enum_specifier name: (type_identifier) @name body: (_) @braces) @class
(type_definition declarator: (type_identifier) @bound) @constant

(translation_unit (preproc_def name: (identifier) @bound) @constant)
(translation_unit (preproc_function_def name: (identifier) @bound) @constant)
(translation_unit (declaration declarator: (init_declarator declarator: (identifier) @bound)) @constant)

(preproc_include path: (_) @module) @import

(comment) @comment
