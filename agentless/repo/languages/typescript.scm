; See python.scm for the captures.

(class_declaration name: (type_identifier) @name body: (class_body) @braces) @class
(abstract_class_declaration name: (type_identifier) @name body: (class_body) @braces) @class
(interface_declaration name: (type_identifier) @name body: (_) @braces) @class
(enum_declaration name: (identifier) @name body: (enum_body) @braces) @class
(internal_module name: (_) @name) @namespace
(method_definition name: (_) @name body: (statement_block) @braces) @function
(method_definition "async" @async)
(abstract_method_signature name: (_) @name) @function
(function_declaration name: (identifier) @name body: (statement_block) @braces) @function
(function_declaration "async" @async)
(generator_function_declaration name: (identifier) @name body: (statement_block) @braces) @function
(export_statement declaration: (_)) @outer

(program (type_alias_declaration name: (type_identifier) @bound) @constant)
(program (export_statement declaration: (type_alias_declaration name: (type_identifier) @bound) @constant))
(program [(lexical_declaration) (variable_declaration)] @constant)
(program (export_statement declaration: (lexical_declaration) @constant))
(program (_ (variable_declarator name: (identifier) @bound value: [(number) (string) (template_string) (array) (object) (new_expression) (call_expression) (member_expression) (binary_expression) (unary_expression) (identifier) (as_expression) (satisfies_expression) (true) (false) (null) (regex)])))
(program (export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @bound value: [(number) (string) (template_string) (array) (object) (new_expression) (call_expression) (member_expression) (binary_expression) (unary_expression) (identifier) (as_expression) (satisfies_expression) (true) (false) (null) (regex)]))))

(lexical_declaration (variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression)])) @function
(variable_declarator value: (arrow_function body: (statement_block) @braces))
(variable_declarator value: (function_expression body: (statement_block) @braces))
(variable_declarator value: (_ "async" @async))

(import_statement source: (string) @module) @import
(export_statement source: (string) @module) @import
(import_require_clause source: (string) @module) @import

(comment) @comment
