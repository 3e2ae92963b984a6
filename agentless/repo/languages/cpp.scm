; See python.scm for the captures.

(function_definition declarator: (_ declarator: [(identifier) (field_identifier) (qualified_identifier) (destructor_name) (operator_name)] @name)) @function
(function_definition declarator: (_ declarator: (function_declarator declarator: [(identifier) (field_identifier) (qualified_identifier)] @name))) @function
(function_definition declarator: (_ (function_declarator declarator: [(identifier) (field_identifier) (qualified_identifier) (operator_name)] @name))) @function
(function_definition body: (compound_statement) @braces)
(class_specifier name: (_) @name body: (_) @braces) @class
(struct_specifier name: (_) @name body: (_) @braces) @class
(union_specifier name: (_) @name body: (_) @braces) @class
(enum_specifier name: (_) @name body: (_) @braces) @class
(namespace_definition name: (_) @name) @namespace
(template_declaration) @outer

(translation_unit (preproc_def name: (identifier) @bound) @constant)
(translation_unit (preproc_function_def name: (identifier) @bound) @constant)
(translation_unit (declaration declarator: (init_declarator declarator: (identifier) @bound)) @constant)
(type_definition declarator: (type_identifier) @bound) @constant
(alias_declaration name: (type_identifier) @bound) @constant

(preproc_include path: (_) @module) @import

(comment) @comment
