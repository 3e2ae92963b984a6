; See python.scm for the captures.

(class_declaration name: (identifier) @name body: (class_body) @braces) @class
(method_definition name: (_) @name body: (statement_block) @braces) @function
(method_definition "async" @async)
(function_declaration name: (identifier) @name body: (statement_block) @braces) @function
(function_declaration "async" @async)
(generator_function_declaration name: (identifier) @name body: (statement_block) @braces) @function
(export_statement declaration: (_)) @outer

(program [(lexical_declaration) (variable_declaration)] @constant)
(program (export_statement declaration: (lexical_declaration) @constant))
(program (_ (variable_declarator name: (identifier) @bound value: [(number) (string) (template_string) (array) (object) (new_expression) (call_expression) (member_expression) (binary_expression) (unary_expression) (identifier) (true) (false) (null) (regex)])))
(program (export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @bound value: [(number) (string) (template_string) (array) (object) (new_expression) (call_expression) (member_expression) (binary_expression) (unary_expression) (identifier) (true) (false) (null) (regex)]))))

(lexical_declaration (variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression)])) @function
(variable_declaration (variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression)])) @function
(variable_declarator value: (arrow_function body: (statement_block) @braces))
(variable_declarator value: (function_expression body: (statement_block) @braces))
(variable_declarator value: (_ "async" @async))

(import_statement source: (string) @module) @import
(export_statement source: (string) @module) @import
(call_expression function: (identifier) @require arguments: (arguments . (string) @module .) (#eq? @require "require")) @import

(comment) @comment
