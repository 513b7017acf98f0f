DROP INDEX command_poison;
